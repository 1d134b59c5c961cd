"""Queries on the steps of runs."""

from collections.abc import Sequence

from baton.eventlog.ports.views import Filter, ViewReads
from baton.projector.view_reader import ViewReader
from baton.projector.views.run_steps.view import VIEW, Document


class RunStepQueries:
    """Reads the records of runs' histories; raises `Unavailable`."""

    def __init__(self, store: ViewReads) -> None:
        self._reader = ViewReader(store, VIEW)

    async def get(self, tenant: str, execution_id: str) -> Document | None:
        """Return one record of a run's history."""
        return await self._reader.get(tenant, execution_id)

    async def of_run(self, tenant: str, run_id: str) -> list[Document]:
        """Return the whole history of a run, in the order of its events."""
        of_run = Filter(column="key", op="prefix", value=f"{run_id}.")
        found = [step async for step in self._reader.every(tenant, of_run)]
        return sorted(found, key=lambda step: step.seq)

    async def of_runs(self, tenant: str, run_ids: Sequence[str]) -> dict[str, list[Document]]:
        """Return the whole histories of several runs, with few reads."""
        found: dict[str, list[Document]] = {run_id: [] for run_id in run_ids}
        if not found:
            return found
        of_runs = Filter(column="key", op="prefix", value=tuple(f"{run_id}." for run_id in found))
        async for step in self._reader.every(tenant, of_runs):
            found[step.run_id].append(step)
        for steps in found.values():
            steps.sort(key=lambda step: step.seq)
        return found

    async def overdue(self, now: int, limit: int) -> list[Document]:
        """Return running attempts of all tenants whose deadline was at or before `now`.

        The earliest deadline comes first.
        """
        return await self._reader.first(
            None,
            Filter(column="due_at", op="is_set"),
            Filter(column="due_at", op="<=", value=now),
            order=(("due_at", "asc"), ("key", "asc")),
            limit=limit,
        )
