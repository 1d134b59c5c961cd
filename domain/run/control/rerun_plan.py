"""Plans a rerun: which outcomes of its source a new run copies, and which steps it runs.

The source of a rerun never changes. In a graph with *needs*, the rerun runs a step and all its
dependents again. In a graph with *next* pointers, it runs everything from a visit of a step on.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from baton.domain.definition.graph import Compute, Graph
from baton.domain.errors import Fault, Invalid
from baton.domain.frozen import frozen
from baton.domain.json import JsonObject
from baton.domain.run.control.copied_steps import CopiedOutcome, copy_of
from baton.domain.run.flow import possible_successors
from baton.domain.run.messages import Event
from baton.domain.run.messages.run_events import RunFailed, RunRequested
from baton.domain.run.messages.step_events import (
    DecisionTaken,
    DelayStarted,
    StepCopied,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    StepUndecided,
    SyncReached,
)
from baton.domain.run.state import State
from baton.domain.run.trigger import CopiedStep

_ENTRIES = (
    *(StepStarted, DelayStarted, StepSkipped, DecisionTaken, SyncReached),
    *(StepUndecided, StepCopied),
)


class CannotBranch(Invalid):
    """The source or the version lacks a step, a visit or an outcome that the rerun needs."""

    @classmethod
    def at(cls, field: str, message: str) -> "CannotBranch":
        """Return the refusal that names `field`, the member of the request at fault."""
        return cls(message, faults=[Fault((field,), message)])


@frozen
class RerunStart:
    """The beginning of a rerun.

    `at` is "start", "failed" (the failed and cancelled steps) or "step". `visit` is the visit of
    the step, None for its newest visit. `outputs` are outputs by step id: they replace recorded
    outputs or supply missing ones.
    """

    at: Literal["start", "failed", "step"]
    step_id: str | None = None
    visit: int | None = None
    outputs: JsonObject


@frozen
class RerunPlan:
    """The outcomes that a rerun copies, and the steps that it runs.

    - `copied` are the outcomes that the request supplies, then those of the source in the order of
      its history.
    - `entry` is the first step to run in a graph with *next* pointers, None for the graph's first.
    - `context` is the context of the source after the copied steps.
    - `will_run` are the steps to run, in the order of the definition.
    - `again` are the steps among them whose functions were called before, for the source or for a
      run from which the source had copied the outcome.
    """

    copied: tuple[CopiedStep, ...]
    entry: str | None
    context: JsonObject
    will_run: tuple[str, ...]
    again: tuple[str, ...]


def plan_rerun(
    graph: Graph, state: State, history: Sequence[Event], start: RerunStart
) -> RerunPlan:
    """Return the plan of a rerun; raises CannotBranch and Invalid.

    Args:
        graph: The graph of the version that the rerun runs.
        state: The state of the source.
        history: The events of the source.
        start: The beginning of the rerun.
    """
    first = _first_steps(graph, state, history, start)
    repeated = set(_repeated_steps(graph, first))
    before = _history_before(graph, state, history, start, first)
    recorded, context = _copied_outcomes(graph, before, repeated)
    supplied = _supplied_outcomes(graph, start.outputs, recorded, repeated)
    added = {of: outcome for of, outcome in supplied.items() if of not in recorded}
    copied = {**added, **recorded, **supplied}
    if graph.flow == "needs" and start.at == "step":
        _require_needs(graph, first, copied)
    entry = first[0] if graph.flow == "next" and first else None
    will_run = tuple(_steps_to_run(graph, copied, entry))
    called = set(_called_steps(history))
    return RerunPlan(
        copied=tuple(copied.values()),
        entry=entry,
        context=context,
        will_run=will_run,
        again=tuple(step_id for step_id in will_run if step_id in called),
    )


def _first_steps(
    graph: Graph, state: State, history: Sequence[Event], start: RerunStart
) -> Sequence[str]:
    """Return the first steps that the rerun runs; empty for the beginning of the graph."""
    if start.at == "start":
        return ()
    wanted = [start.step_id] if start.step_id is not None else _failed_steps(state, history)
    if not wanted:
        raise CannotBranch.at("from", "The run has no failed step")
    first = [step_id for step_id in wanted if step_id in graph.by_id]
    if not first:
        names = ", ".join(f"'{step_id}'" for step_id in wanted)
        raise CannotBranch.at("from", f"The version has no step {names}")
    return first


def _failed_steps(state: State, history: Sequence[Event]) -> list[str]:
    """Return the failed and cancelled steps, or else the step at which the run failed."""
    ended = [of for of, step in state.steps.items() if not (step.open or step.done)]
    if ended:
        return ended
    failures = [event.step_id for event in history if isinstance(event, RunFailed)]
    return [step_id for step_id in failures[-1:] if step_id]


def _repeated_steps(graph: Graph, first: Sequence[str]) -> Iterator[str]:
    """Yield the steps that aren't copied: the first ones, and with *needs* their dependents."""
    if graph.flow == "next":
        yield first[0] if first else graph.steps[0].id
        return
    reached, queue = set(first), list(first)
    while queue:
        step_id = queue.pop()
        yield step_id
        further = [
            dependent for dependent in graph.dependents.get(step_id, ()) if dependent not in reached
        ]
        reached.update(further)
        queue.extend(further)


def _called_steps(history: Sequence[Event]) -> Iterator[str]:
    """Yield the steps whose functions were called, by the run or by a run that it copied from."""
    for event in history:
        if isinstance(event, StepStarted) or (
            isinstance(event, StepCopied) and event.kind == "compute" and event.status != "skipped"
        ):
            yield event.step_id


def _copied_outcomes(
    graph: Graph, before: Sequence[Event], repeated: set[str]
) -> tuple[dict[str, CopiedStep], JsonObject]:
    """Return the newest outcome of each step that the rerun copies, and the context after them.

    The outcomes are in the order in which they were recorded.
    """
    copied: dict[str, CopiedStep] = {}
    context: JsonObject = {}
    for event in before:
        if isinstance(event, RunRequested):
            context = event.context
        if isinstance(event, CopiedOutcome) and (
            graph.flow == "next" or event.step_id not in repeated
        ):
            copied.pop(event.step_id, None)
            if event.step_id in graph.by_id:
                copied[event.step_id] = copy_of(event)
            if isinstance(event, StepSucceeded) and event.context:
                context = {**context, **event.context}
    return copied, context


def _history_before(
    graph: Graph, state: State, history: Sequence[Event], start: RerunStart, first: Sequence[str]
) -> Sequence[Event]:
    """Return the events before the visit that runs again; all events for a graph with *needs*."""
    if start.at == "start":
        return history[:1]
    entries = [
        (place, event.visit)
        for place, event in enumerate(history)
        if isinstance(event, _ENTRIES) and event.step_id in first
    ]
    visits = [visit for _, visit in entries]
    if start.visit is not None and start.visit not in visits:
        raise CannotBranch.at(
            "visit", f"The run has no visit {start.visit} of step '{start.step_id}'"
        )
    unreached = start.at == "failed" and all(_is_done(state, step_id) for step_id in first)
    if graph.flow == "needs" or unreached or not entries:
        return history
    visit_number = start.visit or max(visits)
    return history[: next(place for place, visit in entries if visit == visit_number)]


def _is_done(state: State, step_id: str) -> bool:
    step = state.steps.get(step_id)
    return step is None or step.done


def _supplied_outcomes(
    graph: Graph, outputs: JsonObject, recorded: dict[str, CopiedStep], repeated: set[str]
) -> dict[str, CopiedStep]:
    """Return the outcomes that the request supplies; raises Invalid for unsuitable steps."""
    copied: dict[str, CopiedStep] = {}
    for step_id, output in outputs.items():
        if not isinstance(graph.by_id.get(step_id), Compute):
            raise _invalid_output(step_id, "must name a step of the version that calls a function")
        if step_id in repeated:
            raise _invalid_output(step_id, "names a step that the rerun runs again")
        original = recorded.get(step_id)
        visit = 1 if original is None else original.visit
        copied[step_id] = CopiedStep(step_id=step_id, visit=visit, kind="compute", output=output)
    return copied


def _require_needs(graph: Graph, first: Iterable[str], copied: dict[str, CopiedStep]) -> None:
    for step_id in first:
        missing = [need for need in graph.by_id[step_id].needs if need not in copied]
        if missing:
            names = ", ".join(f"'{need}'" for need in missing)
            message = f"Step '{step_id}' needs {names}, whose outcome isn't recorded"
            raise CannotBranch.at("from", f"{message}: give it in outputs, or begin there")


def _steps_to_run(graph: Graph, copied: dict[str, CopiedStep], entry: str | None) -> Iterator[str]:
    """Yield the steps that the rerun may run, whatever its decisions choose."""
    if graph.flow == "needs":
        yield from (step.id for step in graph.steps if step.id not in copied)
        return
    reached, queue = set[str](), [entry or graph.steps[0].id]
    while queue:
        step_id = queue.pop()
        if step_id not in reached:
            reached.add(step_id)
            queue.extend(possible_successors(graph.by_id[step_id]))
    yield from (step.id for step in graph.steps if step.id in reached)


def _invalid_output(step_id: str, message: str) -> Invalid:
    return Invalid("The outputs don't fit the run", faults=[Fault(("outputs", step_id), message)])
