"""Folds the events of steps into the counts, the status and the context of their run."""

from typing import TypeAlias, assert_never

from baton.domain.run.messages.run_events import RunBranched
from baton.domain.run.messages.step_events import (
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    RetryScheduled,
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
)
from baton.projector.views.runs.document import Document, Status

_EndingEvent: TypeAlias = StepSucceeded | StepFailed | StepTimedOut | StepReleased
_PassingEvent: TypeAlias = (
    DelayStarted | DelayElapsed | DecisionTaken | SyncReached | StepSkipped | StepUndecided
)
_HoldEvent: TypeAlias = TimerHeld | TimerSet
_UncountedEvent: TypeAlias = StepLogged | SyncAwaited | RunBranched | StepCopied
StepEvent: TypeAlias = (
    StepStarted
    | RetryScheduled
    | StepCancelled
    | _EndingEvent
    | _PassingEvent
    | _HoldEvent
    | _UncountedEvent
)


def change_step(document: Document, event: StepEvent) -> None:
    """Fold one event of a step into its run."""
    match event:
        case StepStarted():
            _start_step(document, event)
        case StepSucceeded() | StepFailed() | StepTimedOut() | StepReleased():
            _end_attempt(document, event)
        case RetryScheduled():
            _back_off(document, event)
        case (
            DelayStarted()
            | DelayElapsed()
            | DecisionTaken()
            | SyncReached()
            | StepSkipped()
            | StepUndecided()
        ):
            _pass_step(document, event)
        case StepCancelled():
            document.unfinished += 1
            document.timers.pop(event.step_id, None)
            return  # the end of the run follows and resets the counts
        case TimerHeld() | TimerSet():
            _hold_timer(document, event)
            return
        case StepLogged() | SyncAwaited() | RunBranched() | StepCopied():
            return  # they change no count, even after the end
        case _:
            assert_never(event)
    document.status = open_status(document)


def open_status(document: Document) -> Status:
    """Return the status of a run that has started and hasn't ended."""
    if document.pause is not None:
        return "paused"
    return "waiting" if document.waiting and not document.running else "running"


def _start_step(document: Document, event: StepStarted) -> None:
    document.current_step_id = event.step_id
    document.attempts += 1
    document.attempt = event.attempt
    if event.cause != "takeover":
        document.running += 1
    if event.cause == "retry":
        document.waiting -= 1
        document.timers.pop(event.step_id, None)
    elif event.cause == "handover":
        document.released -= 1


def _end_attempt(document: Document, event: _EndingEvent) -> None:
    document.running -= 1
    match event:
        case StepSucceeded():
            if event.context:
                document.context = {**document.context, **event.context}
        case StepReleased():
            document.released += 1
        case StepFailed() | StepTimedOut():
            document.unfinished += event.final


def _back_off(document: Document, event: RetryScheduled) -> None:
    document.waiting += 1
    document.attempt = event.attempt
    document.timers[event.step_id] = event.due_at
    if event.cause == "takeover":  # the attempt before was running until now
        document.running -= 1


def _hold_timer(document: Document, event: _HoldEvent) -> None:
    """Hold the timer of a delay or a backoff, or set it again."""
    if isinstance(event, TimerHeld):
        document.timers.pop(event.step_id, None)
    elif event.kind != "sync":
        document.timers[event.step_id] = event.due_at


def _pass_step(document: Document, event: _PassingEvent) -> None:
    """Fold the beginning or the end of a step without attempts."""
    document.current_step_id = event.step_id
    document.attempt = None
    if isinstance(event, DelayStarted):
        document.timers[event.step_id] = event.resume_at
        document.waiting += 1
        document.delayed += 1
        document.delay_count += 1
    elif isinstance(event, DelayElapsed):
        document.waiting -= 1
        document.delayed -= 1
        document.timers.pop(event.step_id, None)
    elif isinstance(event, StepUndecided):
        document.unfinished += 1
