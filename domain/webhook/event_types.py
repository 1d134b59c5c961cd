"""Maps the events of a run to the event types that receivers get."""

from typing import Final

from baton.domain.run.messages import (
    RetryScheduled,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunStarted,
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
"""Classes of a run's events that a receiver may get."""


def event_type(event: object) -> EventType | None:
    """Return the type that a run's event has for receivers, None for an event without a type.

    A task starts once per visit, and again after a manual retry; it fails once, after its last
    attempt.
    """
    name = _TYPES.get(type(event))
    match event:
        case StepStarted():
            return name if event.cause in ("start", "reopen") else None
        case StepFailed() | StepTimedOut():
            return name if event.final else None
        case _:
            return name
