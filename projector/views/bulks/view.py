"""Bulks: the action, its progress, and the number of runs by outcome."""

from dataclasses import dataclass, field
from typing import assert_never, get_args

from baton.domain.actor import Actor
from baton.domain.bulk.messages import (
    Action,
    BulkCompleted,
    BulkProgressed,
    BulkRequested,
    BulkRetried,
    BulkStopped,
    BulkStopRequested,
    Event,
)
from baton.domain.bulk.state import Status, Tally
from baton.domain.json import JsonObject
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Index, Table
from baton.projector.view import Values, View, created_by

TABLE = Table(
    name="bulks",
    columns=(
        Column(name="status", kind="text"),
        Column(name="action", kind="text"),
        Column(name="requested_at", kind="int"),
        Column(name="active", kind="int"),
    ),
    indexes=(
        Index(columns=("requested_at", "status", "action")),
        Index(columns=("key",), where_set="active", across_tenants=True),
    ),
)


@dataclass(kw_only=True)
class Document:
    """One bulk. Times are ms since the epoch, UTC.

    `total` counts its runs, `tally` the runs with an outcome. `position` is the log position as of
    which the runs were chosen. `ended_at` is None until the bulk ends. The class has no slots,
    because orjson writes it faster without them.
    """

    id: str
    tenant: str
    action: Action
    args: JsonObject
    filter: JsonObject | None = None
    total: int
    position: int
    per_second: int | None = None
    actor: Actor
    status: Status = "running"
    tally: Tally = field(default_factory=Tally)
    round: int = 1
    requested_at: int
    updated_at: int
    ended_at: int | None = None


def evolve(document: Document | None, recorded: Recorded) -> Document | None:
    """Fold one event of the bulk."""
    event: Event = recorded.event
    if isinstance(event, BulkRequested):
        return _requested(event)
    if document is None:
        return None
    document.updated_at = event.at
    match event:
        case BulkProgressed():
            document.tally = document.tally.plus(event.items, again=event.round > 1)
        case BulkCompleted():
            document.status, document.ended_at = "completed", event.at
        case BulkStopRequested():
            document.status = "stopping"
        case BulkStopped():
            document.status, document.ended_at = "stopped", event.at
        case BulkRetried():
            document.status, document.ended_at = "running", None
            document.round += 1
        case _:
            assert_never(event)
    return document


def columns(document: Document) -> Values:
    """Return the values of the table's columns; `active` is set until the bulk has ended."""
    active = 1 if document.ended_at is None else None
    return (document.status, document.action, document.requested_at, active)


def is_final(document: Document) -> bool:
    """Return whether the bulk has ended; after that, only a retry changes it."""
    return document.ended_at is not None


def _requested(event: BulkRequested) -> Document:
    return Document(
        id=event.bulk_id,
        tenant=event.tenant,
        action=event.action,
        args=event.args,
        filter=event.filter,
        total=event.count,
        position=event.position,
        per_second=event.per_second,
        actor=event.actor,
        requested_at=event.at,
        updated_at=event.at,
    )


VIEW = View(
    table=TABLE,
    document=Document,
    events=get_args(Event),
    creates=created_by(BulkRequested),
    evolve=evolve,
    columns=columns,
    is_final=is_final,
)
