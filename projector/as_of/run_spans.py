"""The view of the statuses of runs: one row for each span of the log in which a run had one.

The row of a run's last status has the run's id as its key and no end. When the status changes, a
row of the span that ended is added, which never changes again: its key names the run and the
position behind the span. `level` is the bit length of an ended span, so that those spans of a level
that hold a position begin in a range whose length is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, get_args

from baton.domain.actor import Actor
from baton.domain.run.messages import (
    DelayElapsed,
    DelayStarted,
    RetryScheduled,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunPaused,
    RunReopened,
    RunRequested,
    RunResumed,
    RunStarted,
    StepFailed,
    StepReleased,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
)
from baton.domain.run.trigger import BY_HAND, ByRecord, TriggerKind
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Index, Table
from baton.projector.view import FurtherRow, Key, Values, View, key_of
from baton.projector.views.runs import view as run_view
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import Pause, Status

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

_NOBODY = Actor("", "system")
_ENDED = b"{}"

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
            columns=("definition_id", "requested_at", "status", "from_position"),
            where_set="lasting",
        ),
        Index(columns=("record_id", "requested_at"), where_set="record_id"),
        Index(columns=("correlation_id", "requested_at"), where_set="correlation_id"),
        Index(columns=("level", "from_position", "to_position", "status"), where_set="level"),
    ),
)


@dataclass(frozen=True, slots=True)
class Span:
    """A status that a run had from an event at `begin` until the event at `end` changed it."""

    status: Status
    begin: int
    end: int


@dataclass(kw_only=True)
class Document:
    """The status of a run since the event at `since`, and what the next events change it by.

    `ended` are the spans whose rows aren't written yet.
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
    ended: list[Span] = field(default_factory=list)


def keys(recorded: Recorded) -> tuple[Key, ...]:
    """Return the run's key, its id."""
    return (key_of(recorded.stream),)


def creates(recorded: Recorded) -> bool:
    """Return whether the event requests the run."""
    return isinstance(recorded.event, RunRequested)


def evolve(document: Document | None, recorded: Recorded) -> Document | None:
    """Fold one event as the view of runs does, and end the span if that changes the status."""
    run = run_view.evolve(None if document is None else _as_run(document), recorded)
    if run is None:
        return None
    if document is None or isinstance(recorded.event, RunRequested):
        return _begun(run, recorded.position)
    if run.status != document.status:
        document.ended.append(Span(document.status, document.since, recorded.position))
        document.status, document.since = run.status, recorded.position
    document.running, document.waiting = run.running, run.waiting
    document.started = run.started_at is not None
    return document


def columns(document: Document) -> Values:
    """Return the values that runs of the last status are found by."""
    return _values(document, document.status, document.since)


def take_rows(document: Document) -> Sequence[FurtherRow]:
    """Take out the rows of the spans that have ended; each is found by its own status."""
    ended, document.ended = document.ended, []
    return [
        (f".{span.end}", _ENDED, _values(document, span.status, span.begin, span.end))
        for span in ended
    ]


def is_final(document: Document) -> bool:
    """Return whether the run has ended; only reopening it changes it then."""
    return document.status in run_view.FINAL_STATUSES


def _begun(run: Run, position: int) -> Document:
    trigger = run.trigger
    return Document(
        definition_id=run.definition_id,
        requested_at=run.requested_at,
        trigger=trigger.kind,
        record_id=trigger.record_id or None if isinstance(trigger, ByRecord) else None,
        correlation_id=run.correlation_id,
        status=run.status,
        since=position,
    )


def _as_run(document: Document) -> Run:
    """Return a run that the next event changes as it changes the run of the document."""
    return Run(
        id="",
        tenant="",
        definition_id=document.definition_id,
        definition_version=0,
        trigger=BY_HAND,
        actor=_NOBODY,
        requested_at=document.requested_at,
        status=document.status,
        running=document.running,
        waiting=document.waiting,
        started_at=0 if document.started else None,
        pause=Pause(at=0, by="") if document.status == "paused" else None,
    )


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
        None if end is None else (end - begin).bit_length(),
        1 if end is None else None,
    )


VIEW = View(
    table=TABLE,
    document=Document,
    events=get_args(_OfRun) + get_args(_OfStep),
    keys=keys,
    creates=creates,
    evolve=evolve,
    columns=columns,
    is_final=is_final,
    take_rows=take_rows,
)
