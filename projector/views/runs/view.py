"""Runs, without their steps, which have rows of their own (`run_steps`)."""

from typing import TypeAlias, assert_never, get_args

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
from baton.domain.run.trigger import ByRecord
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Index, Table
from baton.projector.view import Key, Values, View, created_by, key_of
from baton.projector.views.runs.change_step import change_step, open_status
from baton.projector.views.runs.document import FINAL_STATUSES as FINAL_STATUSES  # noqa: PLC0414 - with the view
from baton.projector.views.runs.document import Document as Document  # noqa: PLC0414
from baton.projector.views.runs.document import Pause as Pause  # noqa: PLC0414
from baton.projector.views.runs.document import Status as Status  # noqa: PLC0414
from baton.projector.views.runs.document import WaitsFor as WaitsFor  # noqa: PLC0414

_HoldEvent: TypeAlias = RunPaused | RunResumed
_RunEvent: TypeAlias = (
    RunStarted | RunCompleted | RunFailed | RunCancelled | RunReopened | _HoldEvent
)
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
        Column(name="waits_for", kind="text"),
        Column(name="idle", kind="int"),
        Column(name="handled", kind="int"),
        Column(name="due_at", kind="int"),
    ),
    indexes=(
        # Both indexes include the status and the trigger, so that filtering by them reads no
        # documents.
        Index(columns=("definition_id", "requested_at", "status", "trigger")),
        Index(columns=("requested_at", "status", "trigger")),
        Index(columns=("record_id", "requested_at"), where_set="record_id"),
        Index(columns=("correlation_id", "requested_at"), where_set="correlation_id"),
        Index(columns=("waits_for", "requested_at"), where_set="waits_for"),
        Index(columns=("idle", "requested_at"), where_set="idle"),
        Index(columns=("key",), where_set="idle", across_tenants=True),
        Index(columns=("handled", "requested_at"), where_set="handled"),
        Index(columns=("due_at",), where_set="due_at"),
        Index(columns=("key",), where_set="active", across_tenants=True),
    ),
    counted=("definition_id", "status"),
)


def keys(recorded: Recorded) -> tuple[Key, ...]:
    """Return the key of the run, and for the beginning of a rerun also the key of its source."""
    key = key_of(recorded.stream)
    if isinstance(recorded.event, RunBranched):
        return key, (key[0], recorded.event.source)
    return (key,)


def evolve(document: Document | None, recorded: Recorded) -> Document | None:
    """Fold one event of the run."""
    event: Event = recorded.event
    match event:
        case RunRequested():
            document = _requested(event)
        case _ if document is None:
            return None
        case RunBranched() if event.source == document.id:
            document.rerun_id = key_of(recorded.stream)[1]
            return document
        case (
            RunStarted()
            | RunCompleted()
            | RunFailed()
            | RunCancelled()
            | RunReopened()
            | RunPaused()
            | RunResumed()
        ):
            _change_run(document, event)
        case _:
            change_step(document, event)
    document.version = recorded.version
    document.position = recorded.position
    document.idle_since = event.at if document.idle else None
    return document


def columns(document: Document) -> Values:
    """Return the values of the table's columns.

    `active` is set until the run ends. `handled` is set for failed runs: whether there is a rerun.
    `due_at` is set while a delay or a backoff is open and the run isn't paused.
    """
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
        document.waits_for,
        1 if document.idle else None,
        int(document.rerun_id is not None) if status == "failed" else None,
        document.due_at,
    )


def is_final(document: Document) -> bool:
    """Return whether the run has ended; after that, only a reopening or a rerun changes it."""
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
            document.unfinished -= len(event.steps)
        case RunPaused() | RunResumed():
            _hold(document, event)
        case _:
            assert_never(event)


def _hold(document: Document, event: _HoldEvent) -> None:
    if isinstance(event, RunPaused):
        document.status = "paused"
        document.pause = Pause(at=event.at, by=event.actor.subject, reason=event.reason)
    else:
        document.pause = None
        document.status = "pending" if document.started_at is None else open_status(document)


def _end(document: Document, status: Status, at: int) -> None:
    document.status = status
    document.completed_at = at
    document.current_step_id = None
    document.running = document.waiting = document.delayed = document.released = 0
    document.timers.clear()
    document.pause = None


def _reopen(document: Document) -> None:
    document.status = "running"
    document.completed_at = None
    document.has_errors = False
    document.failure_code = document.failure_message = document.failed_step = None
    document.cancelled_by = document.cancel_reason = None


VIEW = View(
    table=TABLE,
    document=Document,
    events=get_args(Event),
    keys=keys,
    creates=created_by(RunRequested),
    evolve=evolve,
    columns=columns,
    is_final=is_final,
)
