"""The newest visit of each step in the history of a run."""

from collections.abc import Iterable

from baton.projector.views.run_steps.view import Document as Record


def newest_visits(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Return the records of each step's newest visit, in their order, by step id."""
    newest: dict[str, list[Record]] = {}
    for record in records:
        visit = newest.setdefault(record.step_id, [])
        if visit and visit[-1].visit != record.visit:
            visit.clear()
        visit.append(record)
    return newest
