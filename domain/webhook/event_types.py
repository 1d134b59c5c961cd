"""Maps the events of a run to the event types that receivers get."""

from typing import Final

from baton.domain.run.messages.run_events import RunCancelled, RunCompleted, RunFailed, RunStarted
from baton.domain.run.messages.step_events import (
    RetryScheduled,
    StepFailed,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    StepUndecided,
)
from baton.domain.webhook.messages import EventType

_TYPES: Final[dict[type, EventType]] = {
    RunStarted: "workflow.execution.started",
    RunCompleted: "workflow.execution.completed",
    RunFailed: "workflow.execution.failed",
    RunCancelled: "workflow.execution.cancelled",
    StepStarted: "task.execution.started",
    StepSucceeded: "task.execution.completed",
    StepFailed: "task.execution.failed",
    StepTimedOut: "task.execution.failed",
    StepUndecided: "task.execution.failed",
    RetryScheduled: "task.execution.retrying",
}
NOTIFIED_EVENTS: Final = frozenset(_TYPES)
"""The classes of run events that receivers can get."""


def event_type(event: object) -> EventType | None:
    """Return the type under which receivers get an event of a run, None if they don't get it.

    The start of a task is sent once per visit, and again after a manual retry. Its failure is sent
    once, after the last attempt.
    """
    name = _TYPES.get(type(event))
    match event:
        case StepStarted():
            return name if event.cause in ("start", "reopen") else None
        case StepFailed() | StepTimedOut():
            return name if event.final else None
        case _:
            return name
