"""Folds the events of steps into the state of their run."""

from dataclasses import replace
from typing import TypeAlias, assert_never

from baton.domain.artifact import MAX_INLINE_BYTES, Artifact
from baton.domain.run.messages.step_events import (
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    RetryScheduled,
    StepCancelled,
    StepCopied,
    StepEvent,
    StepFailed,
    StepLogged,
    StepReleased,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    StepUndecided,
    SyncAwaited,
    SyncReached,
    TimerHeld,
    TimerSet,
)
from baton.domain.run.outcome import Error, Token
from baton.domain.run.state import State, changed, put
from baton.domain.run.steps import NO_ATTEMPT, Status, StepState

_UnsuccessfulEvent: TypeAlias = (
    StepFailed | StepTimedOut | StepUndecided | StepCancelled | StepReleased | RetryScheduled
)
_EventWithoutExecutor: TypeAlias = (
    StepSkipped | DecisionTaken | SyncAwaited | SyncReached | DelayStarted | DelayElapsed
)


def evolve_step(state: State, event: StepEvent) -> State:
    """Return the state after an event of a step."""
    match event:
        case StepStarted():
            return started(state, event)
        case StepSucceeded():
            return succeeded(state, event)
        case StepLogged():
            return _logged(state, event)
        case StepCopied():
            return _copied(state, event)
        case TimerHeld():
            return _timer_held(state, event)
        case TimerSet():
            step = state.steps[event.step_id]
            return put(state, event.step_id, replace(step, due_at=event.due_at))
        case (
            StepSkipped()
            | DecisionTaken()
            | SyncAwaited()
            | SyncReached()
            | DelayStarted()
            | DelayElapsed()
        ):
            return _step_without_executor(state, event)
        case _:
            return _unsuccessful(state, event)


def started(state: State, event: StepStarted) -> State:
    """Return the state after the start of an attempt."""
    before = state.steps.get(event.step_id)
    if before is None or before.visit != event.visit:
        step = StepState("running", event.visit, event.attempt, event.deadline_at)
        return put(state, event.step_id, step, activations=state.activations + 1)
    failures, takeovers = before.failures, before.takeovers
    if event.cause == "reopen":
        failures = takeovers = 0
    elif event.cause == "takeover":
        takeovers += 1
    step = StepState("running", event.visit, event.attempt, event.deadline_at, failures, takeovers)
    return put(state, event.step_id, step)


def succeeded(state: State, event: StepSucceeded) -> State:
    """Return the state after the success of an attempt."""
    outputs = state.outputs.copy()
    outputs[event.step_id] = {"output": event.output}
    step = state.steps[event.step_id].with_status("succeeded")
    context = {**state.context, **event.context} if event.context else state.context
    return put(
        state,
        event.step_id,
        step,
        last=event.step_id,
        outputs=outputs,
        context=context,
        size=state.size + event.size,
        artifacts=state.artifacts or event.size > MAX_INLINE_BYTES,
    )


def _unsuccessful(state: State, event: _UnsuccessfulEvent) -> State:
    """Apply an event of an attempt that didn't succeed."""
    match event:
        case StepFailed():
            return _failed(state, event, event.error)
        case StepTimedOut():
            message = f"The attempt took longer than {event.timeout_ms} ms"
            return _failed(state, event, Error(code="TIMEOUT", message=message))
        case StepUndecided():
            return _undecided(state, event)
        case StepCancelled():
            before = state.steps[event.step_id]
            return put(state, event.step_id, before.with_status("cancelled"))
        case StepReleased():
            before = state.steps[event.step_id]
            return put(state, event.step_id, before.with_status("released"))
        case RetryScheduled():
            return _backing_off(state, event)
    assert_never(event)


def _backing_off(state: State, event: RetryScheduled) -> State:
    before = state.steps[event.step_id]
    step = StepState(
        "backing_off",
        event.visit,
        event.attempt,
        event.due_at,
        before.failures,
        before.takeovers + (event.cause == "takeover"),
    )
    return put(state, event.step_id, step)


def _failed(state: State, event: StepFailed | StepTimedOut, error: Error) -> State:
    before = state.steps[event.step_id]
    step = StepState(
        "failed",
        before.visit,
        before.attempt,
        before.due_at,
        before.failures + 1,
        before.takeovers,
    )
    if not event.final:
        return put(state, event.step_id, step)
    return put(state, event.step_id, step, errors={**state.errors, event.step_id: error})


def _undecided(state: State, event: StepUndecided) -> State:
    """Apply the failure of a visit that has no attempt."""
    step = StepState("failed", event.visit, NO_ATTEMPT, failures=1)
    errors = {**state.errors, event.step_id: event.error}
    return put(state, event.step_id, step, errors=errors, activations=state.activations + 1)


def _step_without_executor(state: State, event: _EventWithoutExecutor) -> State:
    """Apply an event of a step that needs no executor."""
    step_id, activations = event.step_id, state.activations + 1
    match event:
        case DelayStarted():
            step = StepState("delayed", event.visit, 1, event.resume_at)
            return put(state, step_id, step, activations=activations)
        case SyncAwaited():
            step = StepState("awaited", event.visit, NO_ATTEMPT, event.deadline_at)
            return put(state, step_id, step)
        case DelayElapsed():
            step = state.steps[step_id].with_status("succeeded")
            return put(state, step_id, step, last=step_id, selected=None)
        case DecisionTaken():
            selected = event.result.selected
        case SyncReached() | StepSkipped():
            selected = None
        case _:
            assert_never(event)
    status: Status = "skipped" if isinstance(event, StepSkipped) else "succeeded"
    step = StepState(status, event.visit, 1)
    return put(state, step_id, step, last=step_id, selected=selected, activations=activations)


def _copied(state: State, event: StepCopied) -> State:
    outputs = state.outputs
    if event.kind == "compute" and event.status == "succeeded":
        outputs = {**outputs, event.step_id: {"output": event.output}}
    return put(
        state,
        event.step_id,
        StepState(event.status, event.visit, NO_ATTEMPT),
        outputs=outputs,
        size=state.size + event.size,
        artifacts=state.artifacts or isinstance(event.output, Artifact),
    )


def _timer_held(state: State, event: TimerHeld) -> State:
    held = state.hold
    if held is not None:
        held = replace(held, timers={**held.timers, event.step_id: event.at})
    return changed(state, {"hold": held})


def _logged(state: State, event: StepLogged) -> State:
    token = Token(event.step_id, event.visit, event.attempt)
    if state.is_running(token):
        return changed(state, {})
    return changed(state, {"late_logs": state.late_logs | {token}})
