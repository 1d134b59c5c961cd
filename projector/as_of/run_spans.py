"""The view of spans: one row for each part of the log during which a run had one status.

The row of the current status has the run's id as its key, and no end. When the status changes, the
projector adds a row for the ended span, which never changes: its key is the run's id with the
position at which the span ended. `level` is the logarithm of an ended span's length to the base
`LONGER`. Within a level, the spans that contain a position therefore begin in a bounded range.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, get_args

from baton.domain.run.messages.run_events import (
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunPaused,
    RunReopened,
    RunRequested,
    RunResumed,
    RunStarted,
)
from baton.domain.run.messages.step_events import (
    DelayElapsed,
    DelayStarted,
    RetryScheduled,
    StepFailed,
    StepReleased,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
)
from baton.domain.run.trigger import ByRecord, TriggerKind
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Index, Table
from baton.projector.view import FurtherRow, Values, View, created_by
from baton.projector.views.runs.view import FINAL_STATUSES, Status

_OfRun: TypeAlias = (
    RunRequested
    | RunStarted
    | RunCompleted
    | RunFailed
    | RunCancelled
    | RunReopened
    | RunPaused
    | RunResumed
)
_OfStep: TypeAlias = (
    StepStarted
    | StepSucceeded
    | StepFailed
    | StepTimedOut
    | StepReleased
    | RetryScheduled
    | DelayStarted
    | DelayElapsed
)
"""The events that change which steps of a run are running and which are waiting."""

_FINAL: Final[Mapping[type, Status]] = {
    RunCompleted: "completed",
    RunFailed: "failed",
    RunCancelled: "cancelled",
}
LONGER: Final = 4
"""The ratio of the longest spans of a level to those of the level before."""
LEVELS: Final = 20
"""The number of levels: the longest span has almost 4²⁰ positions, about 10¹²."""
_ENDED: Final = b"{}"

TABLE = Table(
    name="run_spans",
    columns=(
        Column(name="definition_id", kind="text"),
        Column(name="status", kind="text"),
        Column(name="requested_at", kind="int"),
        Column(name="trigger", kind="text"),
        Column(name="record_id", kind="text"),
        Column(name="correlation_id", kind="text"),
        Column(name="from_position", kind="int"),
        Column(name="to_position", kind="int"),
        Column(name="level", kind="int"),
        Column(name="lasting", kind="int"),
    ),
    indexes=(
        Index(columns=("requested_at", "from_position"), where_set="lasting"),
        Index(columns=("status", "requested_at", "from_position"), where_set="lasting"),
        Index(
            columns=("definition_id", "status", "requested_at", "from_position"),
            where_set="lasting",
        ),
        Index(columns=("record_id", "requested_at"), where_set="record_id"),
        Index(columns=("correlation_id", "requested_at"), where_set="correlation_id"),
        Index(columns=("level", "from_position", "to_position", "status"), where_set="level"),
    ),
)


@dataclass(frozen=True, slots=True)
class Span:
    """A status that a run had from the event at `begin` to the event at `end`, which changed it."""

    status: Status
    begin: int
    end: int


@dataclass(kw_only=True)
class Document:
    """The status of a run since the event at `since`, and the counts that determine it.

    The rows of `ended` spans aren't written yet.
    """

    definition_id: str
    requested_at: int
    trigger: TriggerKind
    record_id: str | None
    correlation_id: str | None
    status: Status
    since: int
    running: int = 0
    waiting: int = 0
    started: bool = False
    paused: bool = False
    ended: list[Span] = field(default_factory=list)


def evolve(document: Document | None, recorded: Recorded) -> Document | None:
    """Fold one event; if it changes the status of the run, end the span."""
    event = recorded.event
    if isinstance(event, RunRequested):
        return _requested(event, recorded.position)
    if document is None:
        return None
    status = _status_after(document, event)
    if status != document.status:
        document.ended.append(Span(document.status, document.since, recorded.position))
        document.status, document.since = status, recorded.position
    return document


def columns(document: Document) -> Values:
    """Return the values of the table's columns for the current status."""
    return _values(document, document.status, document.since)


def take_rows(document: Document) -> Sequence[FurtherRow]:
    """Remove the ended spans from the document and return their rows."""
    ended, document.ended = document.ended, []
    return [
        (f".{span.end}", _ENDED, _values(document, span.status, span.begin, span.end))
        for span in ended
    ]


def level_of(length: int) -> int:
    """Return the level of a span: the smallest n for which `LONGER`ⁿ exceeds its length."""
    return (length.bit_length() + 1) // 2


def is_final(document: Document) -> bool:
    """Return whether the run has ended; after that, only a reopening changes it."""
    return document.status in FINAL_STATUSES


def _requested(event: RunRequested, position: int) -> Document:
    trigger = event.trigger
    return Document(
        definition_id=event.definition_id,
        requested_at=event.at,
        trigger=trigger.kind,
        record_id=trigger.record_id or None if isinstance(trigger, ByRecord) else None,
        correlation_id=event.correlation_id,
        status="pending",
        since=position,
    )


def _status_after(document: Document, event: _OfRun | _OfStep) -> Status:
    """Count running and waiting steps as the view of runs does, and return the status.

    The fold of that view needs its whole document, which takes three times as long. A test compares
    the statuses of both at every position of random histories.
    """
    match event:
        case StepStarted():
            document.running += event.cause != "takeover"
            document.waiting -= event.cause == "retry"
        case StepSucceeded() | StepFailed() | StepTimedOut() | StepReleased():
            document.running -= 1
        case RetryScheduled():
            document.waiting += 1
            document.running -= event.cause == "takeover"
        case DelayStarted():
            document.waiting += 1
        case DelayElapsed():
            document.waiting -= 1
        case _:
            return _status_of_run(document, event)
    return _open_status(document)


def _status_of_run(document: Document, event: _OfRun) -> Status:
    match event:
        case RunStarted():
            document.started = True
            return "running"
        case RunReopened():
            return "running"
        case RunPaused():
            document.paused = True
            return "paused"
        case RunResumed():
            document.paused = False
            return _open_status(document) if document.started else "pending"
        case _:
            document.running = document.waiting = 0
            document.paused = False
            return _FINAL[type(event)]


def _open_status(document: Document) -> Status:
    if document.paused:
        return "paused"
    return "waiting" if document.waiting and not document.running else "running"


def _values(document: Document, status: Status, begin: int, end: int | None = None) -> Values:
    return (
        document.definition_id,
        status,
        document.requested_at,
        document.trigger,
        document.record_id,
        document.correlation_id,
        begin,
        end,
        None if end is None else level_of(end - begin),
        1 if end is None else None,
    )


VIEW = View(
    table=TABLE,
    document=Document,
    events=get_args(_OfRun) + get_args(_OfStep),
    creates=created_by(RunRequested),
    evolve=evolve,
    columns=columns,
    is_final=is_final,
    take_rows=take_rows,
)
