"""Runs, without their steps, which have rows of their own (`run_steps`)."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias, assert_never, get_args

from baton.domain.actor import Actor
from baton.domain.json import Json, JsonObject
from baton.domain.run.messages import (
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    Event,
    RetryScheduled,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunReopened,
    RunRequested,
    RunStarted,
    StepCancelled,
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
)
from baton.domain.run.trigger import ByRecord, Trigger
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Index, Table
from baton.projector.view import Key, Values, View, key_of

Status = Literal["pending", "running", "waiting", "completed", "failed", "cancelled"]

_RunEvent: TypeAlias = RunStarted | RunCompleted | RunFailed | RunCancelled | RunReopened
_PassingEvent: TypeAlias = (
    DelayStarted | DelayElapsed | DecisionTaken | SyncReached | StepSkipped | StepUndecided
)
_StepEvent: TypeAlias = (
    StepStarted
    | StepSucceeded
    | StepFailed
    | StepTimedOut
    | StepCancelled
    | StepReleased
    | RetryScheduled
    | StepLogged
    | SyncAwaited
    | _PassingEvent
)
FINAL_STATUSES = frozenset(("completed", "failed", "cancelled"))

TABLE = Table(
    name="runs",
    columns=(
        Column(name="definition_id", kind="text"),
        Column(name="status", kind="text"),
        Column(name="requested_at", kind="int"),
        Column(name="active", kind="int"),
        Column(name="trigger", kind="text"),
        Column(name="record_id", kind="text"),
        Column(name="correlation_id", kind="text"),
    ),
    indexes=(
        # Both indexes include the status and the trigger, so that filtering by them reads no
        # documents.
        Index(columns=("definition_id", "requested_at", "status", "trigger")),
        Index(columns=("requested_at", "status", "trigger")),
        Index(columns=("record_id", "requested_at"), where_set="record_id"),
        Index(columns=("correlation_id", "requested_at"), where_set="correlation_id"),
        Index(columns=("key",), where_set="active", across_tenants=True),
    ),
    counted=("definition_id", "status"),
)


@dataclass(kw_only=True)
class Document:
    """One run. Times are milliseconds since the epoch, UTC.

    `running` counts the open steps with a running attempt, `waiting` those in a delay or a backoff;
    a run with waiting steps only has the status "waiting". `current_step_id` is the step entered
    last, None once the run has ended. `has_errors` is also set when the run failed. `version`
    counts the run's events, `position` is that of the newest one. The class has no slots, because
    orjson writes it three times as fast without them.
    """

    id: str
    tenant: str
    definition_id: str
    definition_version: int
    trigger: Trigger
    actor: Actor
    requested_at: int
    input: Json = None
    context: JsonObject = field(default_factory=dict)
    correlation_id: str | None = None
    traceparent: str | None = None
    status: Status = "pending"
    current_step_id: str | None = None
    has_errors: bool = False
    delay_count: int = 0
    running: int = 0
    waiting: int = 0
    failure_code: str | None = None
    failure_message: str | None = None
    failed_step: str | None = None
    cancelled_by: str | None = None
    cancel_reason: str | None = None
    started_at: int | None = None
    completed_at: int | None = None
    version: int = 0
    position: int = 0


def keys(recorded: Recorded) -> tuple[Key, ...]:
    """Return the run's key, its id."""
    return (key_of(recorded.stream),)


def creates(recorded: Recorded) -> bool:
    """Return whether the event requests the run."""
    return isinstance(recorded.event, RunRequested)


def evolve(document: Document | None, recorded: Recorded) -> Document | None:
    """Fold one event of the run."""
    event: Event = recorded.event
    match event:
        case RunRequested():
            document = _requested(event)
        case _ if document is None:
            return None
        case RunStarted() | RunCompleted() | RunFailed() | RunCancelled() | RunReopened():
            _change_run(document, event)
        case _:
            _change_step(document, event)
    document.version = recorded.version
    document.position = recorded.position
    return document


def columns(document: Document) -> Values:
    """Return the values that runs are found and sorted by; `active` is set until the run ends."""
    status = document.status
    active = None if status in FINAL_STATUSES else 1
    trigger = document.trigger
    return (
        document.definition_id,
        status,
        document.requested_at,
        active,
        trigger.kind,
        trigger.record_id or None if isinstance(trigger, ByRecord) else None,
        document.correlation_id,
    )


def is_final(document: Document) -> bool:
    """Return whether the run has ended; only reopening it changes it then."""
    return document.status in FINAL_STATUSES


def _requested(event: RunRequested) -> Document:
    return Document(
        id=event.run_id,
        tenant=event.tenant,
        definition_id=event.definition_id,
        definition_version=event.version,
        trigger=event.trigger,
        actor=event.actor,
        requested_at=event.at,
        input=event.input,
        context=event.context,
        correlation_id=event.correlation_id,
        traceparent=event.traceparent,
    )


def _change_run(document: Document, event: _RunEvent) -> None:
    match event:
        case RunStarted():
            document.status = "running"
            document.started_at = event.at
        case RunCompleted():
            _end(document, "completed", event.at)
            document.has_errors = event.has_errors
        case RunFailed():
            _end(document, "failed", event.at)
            document.has_errors = True
            document.failure_code = event.error.code
            document.failure_message = event.error.message
            document.failed_step = event.step_id
        case RunCancelled():
            _end(document, "cancelled", event.at)
            document.cancelled_by = event.actor.subject
            document.cancel_reason = event.reason
        case RunReopened():
            _reopen(document)
        case _:
            assert_never(event)


def _end(document: Document, status: Status, at: int) -> None:
    document.status = status
    document.completed_at = at
    document.current_step_id = None
    document.running = document.waiting = 0


def _reopen(document: Document) -> None:
    document.status = "running"
    document.completed_at = None
    document.has_errors = False
    document.failure_code = document.failure_message = document.failed_step = None
    document.cancelled_by = document.cancel_reason = None


def _change_step(document: Document, event: _StepEvent) -> None:
    match event:
        case StepStarted():
            _start_step(document, event)
        case StepSucceeded():
            document.running -= 1
            if event.context:
                document.context = {**document.context, **event.context}
        case StepFailed() | StepTimedOut() | StepReleased():
            document.running -= 1
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
        case StepCancelled() | StepLogged() | SyncAwaited():
            return  # RunCancelled resets the counts; a log changes nothing, even after the end
        case _:
            assert_never(event)
    document.status = "waiting" if document.waiting and not document.running else "running"


def _start_step(document: Document, event: StepStarted) -> None:
    document.current_step_id = event.step_id
    if event.cause != "takeover":
        document.running += 1
    if event.cause == "retry":
        document.waiting -= 1


def _back_off(document: Document, event: RetryScheduled) -> None:
    document.waiting += 1
    if event.cause == "takeover":  # the attempt before it was running until then
        document.running -= 1


def _pass_step(document: Document, event: _PassingEvent) -> None:
    """Enter or leave a step without attempts."""
    document.current_step_id = event.step_id
    if isinstance(event, DelayStarted):
        document.waiting += 1
        document.delay_count += 1
    elif isinstance(event, DelayElapsed):
        document.waiting -= 1


VIEW = View(
    table=TABLE,
    document=Document,
    events=get_args(Event),
    keys=keys,
    creates=creates,
    evolve=evolve,
    columns=columns,
    is_final=is_final,
)
