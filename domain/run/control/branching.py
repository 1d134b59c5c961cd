"""Reruns: a new run that copies another run's outcomes up to a step and continues from there.

The source of a rerun is never changed. In a graph with *needs* the rerun repeats a step and all its
dependents. In a graph with *next* pointers it repeats everything from a visit of a step on.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from baton.domain.definition.graph import Compute, Graph
from baton.domain.errors import Fault, Invalid
from baton.domain.frozen import frozen
from baton.domain.json import JsonObject
from baton.domain.run.advance import Draft
from baton.domain.run.flow import possible_successors
from baton.domain.run.messages import (
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    Event,
    RunBranched,
    RunFailed,
    RunRequested,
    StepCopied,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    StepUndecided,
    SyncReached,
)
from baton.domain.run.state import State
from baton.domain.run.trigger import Branch, CopiedStep

_Outcome: TypeAlias = (
    StepSucceeded | StepSkipped | DecisionTaken | DelayElapsed | SyncReached | StepCopied
)
_ENTRIES = (
    *(StepStarted, DelayStarted, StepSkipped, DecisionTaken, SyncReached),
    *(StepUndecided, StepCopied),
)


class CannotBranch(Invalid):
    """The source or the version lacks something that a rerun from this step needs."""

    @classmethod
    def at(cls, field: str, message: str) -> "CannotBranch":
        """Return the refusal that names `field`, the member of the request at fault."""
        return cls(message, faults=[Fault((field,), message)])


@frozen
class Start:
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
class Plan:
    """The outcomes that a rerun copies, and the steps that it runs.

    `copied` are in the order in which the source recorded them, after those that the request
    supplies. `will_run` are in the order of the definition, and `again` those of them whose
    functions were called for the source, or for a run that it copied them from. `context` is the
    context of the source after the copied steps.
    """

    copied: tuple[CopiedStep, ...]
    entry: str | None
    context: JsonObject
    will_run: tuple[str, ...]
    again: tuple[str, ...]


def branch_off(draft: Draft, branch: Branch) -> None:
    """Record the outcomes that a rerun copies from its source."""
    draft.emit(
        RunBranched(
            source=branch.source,
            source_version=branch.source_version,
            position=branch.position,
            at=draft.at,
            entry=branch.entry,
            reason=branch.reason,
        )
    )
    for copied in branch.copied:
        draft.emit(
            StepCopied(
                step_id=copied.step_id,
                visit=copied.visit,
                kind=copied.kind,
                at=draft.at,
                status=copied.status,
                output=copied.output,
                decision=copied.decision,
                size=copied.size,
            )
        )


def plan_rerun(graph: Graph, state: State, history: Sequence[Event], start: Start) -> Plan:
    """Return the steps that a rerun copies and runs; raises CannotBranch and Invalid.

    Args:
        graph: The graph of the version that the rerun runs.
        state: The state of the source.
        history: The events of the source.
        start: Where the rerun begins.
    """
    first = _first_steps(graph, state, history, start)
    repeated = set(_repeated(graph, first))
    before = _before(graph, state, history, start, first)
    recorded, context = _taken_over(graph, before, repeated)
    given = _given(graph, start.outputs, recorded, repeated)
    supplied = {of: outcome for of, outcome in given.items() if of not in recorded}
    copied = {**supplied, **recorded, **given}
    if graph.flow == "needs" and start.at == "step":
        _require_needs(graph, first, copied)
    entry = first[0] if graph.flow == "next" and first else None
    will_run = tuple(_will_run(graph, copied, entry))
    called = set(_called(history))
    return Plan(
        copied=tuple(copied.values()),
        entry=entry,
        context=context,
        will_run=will_run,
        again=tuple(step_id for step_id in will_run if step_id in called),
    )


def _first_steps(
    graph: Graph, state: State, history: Sequence[Event], start: Start
) -> Sequence[str]:
    """Return the first steps that the rerun runs; empty for the beginning of the graph."""
    if start.at == "start":
        return ()
    asked = [start.step_id] if start.step_id is not None else _failed_steps(state, history)
    if not asked:
        raise CannotBranch.at("from", "The run has no failed step")
    first = [step_id for step_id in asked if step_id in graph.by_id]
    if not first:
        names = ", ".join(f"'{step_id}'" for step_id in asked)
        raise CannotBranch.at("from", f"The version has no step {names}")
    return first


def _failed_steps(state: State, history: Sequence[Event]) -> list[str]:
    """Return the failed and cancelled steps, or the one that a failed run could not enter."""
    ended = [of for of, step in state.steps.items() if not (step.open or step.done)]
    if ended:
        return ended
    failures = [event.step_id for event in history if isinstance(event, RunFailed)]
    return [step_id for step_id in failures[-1:] if step_id]


def _repeated(graph: Graph, first: Sequence[str]) -> Iterator[str]:
    """Yield the steps whose outcomes aren't copied: with *needs*, also all that depend on them."""
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


def _called(history: Sequence[Event]) -> Iterator[str]:
    """Yield the steps whose functions were called, by the run or for outcomes that it copied."""
    for event in history:
        if isinstance(event, StepStarted) or (
            isinstance(event, StepCopied) and event.kind == "compute" and event.status != "skipped"
        ):
            yield event.step_id


def _taken_over(
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
        if isinstance(event, _Outcome) and (graph.flow == "next" or event.step_id not in repeated):
            copied.pop(event.step_id, None)
            if event.step_id in graph.by_id:
                copied[event.step_id] = _copy(event)
            if isinstance(event, StepSucceeded) and event.context:
                context = {**context, **event.context}
    return copied, context


def _before(
    graph: Graph, state: State, history: Sequence[Event], start: Start, first: Sequence[str]
) -> Sequence[Event]:
    """Return the events before the repeated visit; all events for a graph with needs."""
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


def _copy(event: _Outcome) -> CopiedStep:
    match event:
        case StepSucceeded():
            return CopiedStep(
                step_id=event.step_id,
                visit=event.visit,
                kind="compute",
                output=event.output,
                size=event.size,
            )
        case StepSkipped():
            return CopiedStep(
                step_id=event.step_id, visit=event.visit, kind=event.kind, status="skipped"
            )
        case DecisionTaken():
            return CopiedStep(
                step_id=event.step_id, visit=event.visit, kind="decision", decision=event.result
            )
        case DelayElapsed() | SyncReached():
            kind: Literal["delay", "sync"] = "delay" if isinstance(event, DelayElapsed) else "sync"
            return CopiedStep(step_id=event.step_id, visit=event.visit, kind=kind)
        case _:
            return copied_before(event)


def copied_before(event: StepCopied) -> CopiedStep:
    """Return the outcome that the run itself had copied from its own source."""
    return CopiedStep(
        step_id=event.step_id,
        visit=event.visit,
        kind=event.kind,
        status=event.status,
        output=event.output,
        decision=event.decision,
        size=event.size,
    )


def _given(
    graph: Graph, outputs: JsonObject, recorded: dict[str, CopiedStep], repeated: set[str]
) -> dict[str, CopiedStep]:
    """Return the outcomes that the request supplies; raises Invalid for a step that runs again."""
    copied: dict[str, CopiedStep] = {}
    for step_id, output in outputs.items():
        if not isinstance(graph.by_id.get(step_id), Compute):
            raise _invalid(step_id, "must name a step of the version that calls a function")
        if step_id in repeated:
            raise _invalid(step_id, "names a step that the rerun runs again")
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


def _will_run(graph: Graph, copied: dict[str, CopiedStep], entry: str | None) -> Iterator[str]:
    """Yield the steps that the rerun runs, including those that depend on a decision."""
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


def _invalid(step_id: str, message: str) -> Invalid:
    return Invalid("The outputs don't fit the run", faults=[Fault(("outputs", step_id), message)])
