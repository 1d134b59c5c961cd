"""Estimates the end of a run: the longest path of the remaining steps, by recorded durations.

A running step needs the rest of its usual duration, a step that hasn't started all of it. A
decision and a synchronization point need no time. In a sequence each step counts once, and a
decision counts with its longest choice.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Final, TypeAlias

from baton.domain.definition.graph import Decision, Delay, Graph, Sync
from baton.domain.definition.graph import Step as Defined
from baton.domain.run.flow import edges_of
from baton.domain.schedule.timetable import LATEST_MS
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import is_final

Durations: TypeAlias = Mapping[str, float]
"""The usual duration of steps in ms, by step id: the time from a visit's start to its end."""
RUNS_OF_HISTORY: Final = 10
"""The newest completed runs of a definition whose steps make its durations."""


def durations_of(histories: Iterable[Sequence[Step]]) -> Durations:
    """Return the median duration of each step that succeeded in runs.

    Args:
        histories: The records of each run, in their order.
    """
    lengths: dict[str, list[int]] = {}
    for records in histories:
        starts: dict[tuple[str, int], int] = {}
        for step in records:
            if step.started_at is not None:
                starts.setdefault((step.step_id, step.visit), step.started_at)
            if step.status == "succeeded" and step.completed_at is not None:
                began = starts.get((step.step_id, step.visit), step.completed_at)
                lengths.setdefault(step.step_id, []).append(max(0, step.completed_at - began))
    return {step_id: median(values) for step_id, values in lengths.items()}


def estimated_end(
    run: Run,
    graph: Graph,
    visits: Mapping[str, Sequence[Step]],
    durations: Durations,
    *,
    now: int,
) -> int | None:
    """Return the estimated end of a run, in ms since the epoch; the actual end if it completed.

    None for a run that failed or was cancelled, for a definition without completed runs, and for
    an end after the last year that times can show.
    """
    if is_final(run):
        return run.completed_at if run.status == "completed" else None
    if not durations:
        return None
    after = _successors(graph, visits)
    longest: dict[str, float] = {}
    for step_id in _ends_first(after, _heads(graph, visits)):
        own = _remaining(graph.by_id[step_id], visits.get(step_id, ()), durations, now)
        longest[step_id] = own + max(
            (longest.get(successor, 0) for successor in after[step_id]), default=0
        )
    end = now + round(max(longest.values(), default=0))
    return end if end <= LATEST_MS else None


def _successors(graph: Graph, visits: Mapping[str, Sequence[Step]]) -> dict[str, list[str]]:
    """Return for each step those that follow it; after a decision that was taken, its choice."""
    successors: dict[str, list[str]] = {step.id: [] for step in graph.steps}
    for before, after in edges_of(graph):
        successors[before].append(after)
    for step_id, visit in visits.items():
        if visit[-1].decision is not None:
            selected = visit[-1].decision.selected
            successors[step_id] = [] if selected is None else [selected]
    return successors


def _heads(graph: Graph, visits: Mapping[str, Sequence[Step]]) -> list[str]:
    """Return the first remaining steps: in a sequence, the step entered last."""
    if graph.flow == "needs":
        return [step.id for step in graph.steps]
    if not visits:
        return [graph.steps[0].id]
    return [max(visits, key=lambda step_id: visits[step_id][-1].seq)]


def _ends_first(after: Mapping[str, Sequence[str]], heads: Sequence[str]) -> list[str]:
    """Return every step reachable from `heads`, each after its successors, except in loops."""
    order: list[str] = []
    seen: set[str] = set()
    for head in heads:
        if head in seen:
            continue
        seen.add(head)
        path = [(head, iter(after[head]))]
        while path:
            step_id, following = path[-1]
            unseen = next((successor for successor in following if successor not in seen), None)
            if unseen is None:
                order.append(step_id)
                path.pop()
            else:
                seen.add(unseen)
                path.append((unseen, iter(after[unseen])))
    return order


def _remaining(step: Defined, visit: Sequence[Step], durations: Durations, now: int) -> float:
    """Return the time that a step still needs, in ms."""
    usual = 0 if isinstance(step, (Decision, Sync)) else durations.get(step.id, 0)
    if not visit:
        return step.delay_ms if isinstance(step, Delay) else usual
    newest = visit[-1]
    if newest.status == "running":
        return max(0, usual - (now - (visit[0].started_at or now)))
    if newest.status == "waiting" and newest.resume_at is not None:
        wait = max(0, newest.resume_at - now)
        return wait if isinstance(step, Delay) else wait + usual
    return 0
