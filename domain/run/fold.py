"""Folds the events of a run into its state. Only `RunReopened` leaves a final status."""

from dataclasses import replace
from typing import Literal, assert_never

from baton.domain.artifact import MAX_INLINE_BYTES
from baton.domain.run.fold_steps import evolve_step, started, succeeded
from baton.domain.run.hold import BY_SERVER, Hold
from baton.domain.run.messages import Event
from baton.domain.run.messages.run_events import (
    RunBranched,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunPaused,
    RunReopened,
    RunRequested,
    RunResumed,
    RunStarted,
)
from baton.domain.run.messages.step_events import StepStarted, StepSucceeded
from baton.domain.run.state import NOT_REQUESTED, State, changed

_StatusEvent = (
    RunStarted | RunCompleted | RunFailed | RunCancelled | RunReopened | RunPaused | RunResumed
)


def evolve(state: State, event: Event) -> State:
    """Return the state after `event`. The most frequent events are matched first."""
    match event:
        case StepStarted():
            return started(state, event)
        case StepSucceeded():
            return succeeded(state, event)
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
        case RunBranched():
            return changed(state, {"entry": event.entry})
        case _:
            return evolve_step(state, event)


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
    """Return the hold after a pause; an earlier hold keeps its timers."""
    by_server = event.actor == BY_SERVER
    if state.hold is not None:
        return replace(state.hold, at=event.at, by_server=by_server)
    was: Literal["pending", "running"] = "pending" if state.status == "pending" else "running"
    return Hold(at=event.at, was=was, by_server=by_server)
