"""The state of a run, folded from its events. Only `RunReopened` leaves a final status."""

from dataclasses import replace
from typing import Literal, TypeAlias, assert_never

from baton.domain.artifact import MAX_INLINE_BYTES, Artifact
from baton.domain.run.folded import FINAL as FINAL  # noqa: PLC0414 - exported with the fold
from baton.domain.run.folded import NOT_REQUESTED as NOT_REQUESTED  # noqa: PLC0414
from baton.domain.run.folded import State as State  # noqa: PLC0414
from baton.domain.run.folded import changed, put
from baton.domain.run.hold import BY_SERVER, Hold
from baton.domain.run.messages import (
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    Error,
    Event,
    RetryScheduled,
    RunBranched,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunPaused,
    RunReopened,
    RunRequested,
    RunResumed,
    RunStarted,
    StepCancelled,
    StepCopied,
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
    Token,
)
from baton.domain.run.steps import NO_ATTEMPT, Status, StepState

_UnfinishedEvent: TypeAlias = (
    StepFailed | StepTimedOut | StepUndecided | StepCancelled | StepReleased | RetryScheduled
)
_StatusEvent: TypeAlias = (
    RunStarted | RunCompleted | RunFailed | RunCancelled | RunReopened | RunPaused | RunResumed
)
_NotedEvent: TypeAlias = StepLogged | TimerHeld | TimerSet | RunBranched | StepCopied
_PassingEvent: TypeAlias = (
    StepSkipped | DecisionTaken | SyncAwaited | SyncReached | DelayStarted | DelayElapsed
)


def evolve(state: State, event: Event) -> State:
    """Return the state after `event`. The most frequent events are matched first."""
    match event:
        case StepStarted():
            return _started(state, event)
        case StepSucceeded():
            return _succeeded(state, event)
        case RunRequested():
            return _requested(event)
        case (
            RunStarted()
            | RunCompleted()
            | RunFailed()
            | RunCancelled()
            | RunReopened()
            | RunPaused()
            | RunResumed()
        ):
            return _status(state, event)
        case (
            StepFailed()
            | StepTimedOut()
            | StepCancelled()
            | StepReleased()
            | RetryScheduled()
            | StepUndecided()
        ):
            return _unfinished(state, event)
        case (
            StepSkipped()
            | DecisionTaken()
            | SyncAwaited()
            | SyncReached()
            | DelayStarted()
            | DelayElapsed()
        ):
            return _passing(state, event)
        case StepLogged() | TimerHeld() | TimerSet() | RunBranched() | StepCopied():
            return _noted(state, event)
    assert_never(event)


def _unfinished(state: State, event: _UnfinishedEvent) -> State:
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
            before = state.steps[event.step_id]
            waiting = StepState(
                "backing_off",
                event.visit,
                event.attempt,
                event.due_at,
                before.failures,
                before.takeovers + (event.cause == "takeover"),
            )
            return put(state, event.step_id, waiting)
    assert_never(event)


def _passing(state: State, event: _PassingEvent) -> State:
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


def _requested(event: RunRequested) -> State:
    return changed(
        NOT_REQUESTED,
        {
            "status": "pending",
            "tenant": event.tenant,
            "run_id": event.run_id,
            "definition_id": event.definition_id,
            "definition_version": event.version,
            "requested_at": event.at,
            "traceparent": event.traceparent,
            "input": event.input,
            "context": event.context,
            "size": event.size,
            "artifacts": event.size > MAX_INLINE_BYTES,
        },
    )


def _status(state: State, event: _StatusEvent) -> State:
    """Apply an event that changes the status of the run."""
    match event:
        case RunStarted():
            return changed(state, {"status": "running"})
        case RunCompleted():
            return changed(state, {"status": "completed"})
        case RunFailed():
            return changed(state, {"status": "failed"})
        case RunCancelled():
            return changed(state, {"status": "cancelled", "hold": None})
        case RunReopened():
            errors = {of: error for of, error in state.errors.items() if of not in event.steps}
            return changed(state, {"status": "running", "errors": errors})
        case RunPaused():
            return changed(state, {"status": "paused", "hold": _hold(state, event)})
        case RunResumed():
            status = "running" if state.hold is None else state.hold.was
            return changed(state, {"status": status, "hold": None})
    assert_never(event)


def _hold(state: State, event: RunPaused) -> Hold:
    """Return the hold after a pause; one that was there before keeps its timers."""
    by_server = event.actor == BY_SERVER
    if state.hold is not None:
        return replace(state.hold, at=event.at, by_server=by_server)
    was: Literal["pending", "running"] = "pending" if state.status == "pending" else "running"
    return Hold(at=event.at, was=was, by_server=by_server)


def _noted(state: State, event: _NotedEvent) -> State:
    """Apply an event that starts and ends no step: about logs, held timers, or copied outcomes."""
    match event:
        case StepLogged():
            return _logged(state, event)
        case TimerHeld():
            held = state.hold
            if held is not None:
                held = replace(held, timers={**held.timers, event.step_id: event.at})
            return changed(state, {"hold": held})
        case TimerSet():
            step = state.steps[event.step_id]
            return put(state, event.step_id, replace(step, due_at=event.due_at))
        case RunBranched():
            return changed(state, {"entry": event.entry})
        case StepCopied():
            return _copied(state, event)
    assert_never(event)


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


def _started(state: State, event: StepStarted) -> State:
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


def _succeeded(state: State, event: StepSucceeded) -> State:
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


def _logged(state: State, event: StepLogged) -> State:
    token = Token(event.step_id, event.visit, event.attempt)
    if state.is_running(token):
        return changed(state, {})
    return changed(state, {"late_logs": state.late_logs | {token}})
