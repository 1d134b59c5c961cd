"""The progress of a run: ready steps start, and the run ends when no step is open.

Decisions and synchronization points complete here at once, one after the other, because they need
no executor. For a delay, only its end is recorded here.
"""

from typing import assert_never

from baton.domain.artifact import ARTIFACT_UNREADABLE, NO_VALUES, Values
from baton.domain.conditions.evaluation import DecisionResult
from baton.domain.conditions.matching import all_hold, choose
from baton.domain.definition.graph import (
    Compute,
    Decision,
    Delay,
    Graph,
    Step,
    Sync,
)
from baton.domain.run.flow import ready
from baton.domain.run.fold import evolve
from baton.domain.run.messages import Event
from baton.domain.run.messages.run_events import RunCompleted, RunFailed
from baton.domain.run.messages.step_events import (
    Cause,
    DecisionTaken,
    DelayStarted,
    StepCancelled,
    StepSkipped,
    StepStarted,
    StepUndecided,
    SyncReached,
)
from baton.domain.run.outcome import Error
from baton.domain.run.scope import UnreadableCondition, scope_of
from baton.domain.run.state import State


class Draft:
    """The events decided so far by one command, and the state after them.

    `values` are the values of artifacts that came with the command.
    """

    __slots__ = ("at", "events", "graph", "state", "values")

    def __init__(self, state: State, graph: Graph, at: int, values: Values | None = None) -> None:
        self.state, self.graph, self.at = state, graph, at
        self.values = values or NO_VALUES
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        """Add `event` and apply it to the state."""
        self.events.append(event)
        self.state = evolve(self.state, event)


def advance(draft: Draft, finished: list[str] | None) -> None:
    """Activate the steps that are ready, and end the run if no step is open.

    Args:
        draft: Where the events go.
        finished: The ids of the steps that just finished; None at the start of the run.
    """
    while steps := ready(draft.graph, draft.state, finished):
        finished = []
        for step in steps:
            if draft.graph.flow == "next" and draft.state.activations >= draft.graph.loop_limit:
                _fail_at_loop_limit(draft, step)
                return
            if activate(draft, step):
                finished.append(step.id)
        if not finished:
            break
    _end_if_finished(draft)


def begin(draft: Draft, step: Compute, visit: int, attempt: int, cause: Cause) -> None:
    """Start an attempt of `step` now."""
    draft.emit(
        StepStarted(
            step_id=step.id,
            visit=visit,
            attempt=attempt,
            at=draft.at,
            function=step.function,
            deadline_at=draft.at + step.timeout_ms,
            cause=cause,
        )
    )


def begin_delay(draft: Draft, step: Delay, visit: int) -> None:
    """Start the delay `step` now."""
    draft.emit(
        DelayStarted(
            step_id=step.id,
            visit=visit,
            delay_ms=step.delay_ms,
            resume_at=draft.at + step.delay_ms,
            at=draft.at,
        )
    )


def activate(draft: Draft, step: Step) -> bool:
    """Start a visit of `step`, and return whether it is finished already.

    The step fails if a value that its conditions read is missing or damaged.
    """
    before = draft.state.steps.get(step.id)
    timed = before is not None and before.awaited
    visit = before.visit + (not timed) if before else 1
    try:
        if not _holds(draft, step):
            draft.emit(
                StepSkipped(step_id=step.id, visit=visit, at=draft.at, kind=step.kind, timed=timed)
            )
            return True
        match step:
            case Compute():
                begin(draft, step, visit, 1, "start")
                return False
            case Decision():
                result = _choice(draft, step)
                draft.emit(DecisionTaken(step_id=step.id, visit=visit, result=result, at=draft.at))
                return True
            case Delay():
                begin_delay(draft, step, visit)
                return False
            case Sync():
                draft.emit(SyncReached(step_id=step.id, visit=visit, at=draft.at, timed=timed))
                return True
        assert_never(step)
    except UnreadableCondition as unreadable:
        _fail_undecided(draft, step, visit, str(unreadable))
        return False


def cancel_steps(draft: Draft) -> None:
    """Cancel every step that is open or awaited, because the run ends."""
    for step_id, step in draft.state.steps.items():
        if step.open or step.awaited:
            draft.emit(
                StepCancelled(step_id=step_id, visit=step.visit, attempt=step.attempt, at=draft.at)
            )


def _fail_undecided(draft: Draft, step: Step, visit: int, reason: str) -> None:
    error = Error(code=ARTIFACT_UNREADABLE, message=reason)
    draft.emit(
        StepUndecided(step_id=step.id, visit=visit, at=draft.at, error=error, kind=step.kind)
    )


def _holds(draft: Draft, step: Step) -> bool:
    """Return whether the step isn't skipped."""
    if not step.when:
        return True
    return all_hold(step.when, scope_of(draft.state, step.when, draft.values))


def _choice(draft: Draft, step: Decision) -> DecisionResult:
    conditions = [condition for case in step.cases for condition in case.conditions]
    scope = scope_of(draft.state, conditions, draft.values)
    return choose(step.cases, step.default_next, scope)


def _end_if_finished(draft: Draft) -> None:
    """End the run if no step is open."""
    state = draft.state
    if state.open or state.status != "running":
        return
    if draft.graph.timed_syncs:
        cancel_steps(draft)
    for step_id, error in state.errors.items():
        step = draft.graph.by_id[step_id]
        if not (isinstance(step, Compute) and step.on_failure == "end"):
            draft.emit(RunFailed(at=draft.at, error=error, step_id=step_id))
            return
    draft.emit(RunCompleted(at=draft.at, has_errors=bool(state.errors)))


def _fail_at_loop_limit(draft: Draft, step: Step) -> None:
    limit = draft.graph.loop_limit
    message = f"The run reached its limit of {limit} step activations at step '{step.id}'"
    error = Error(code="LOOP_LIMIT", message=message)
    draft.emit(RunFailed(at=draft.at, error=error, step_id=step.id))
