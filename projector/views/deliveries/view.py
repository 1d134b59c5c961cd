"""Deliveries of webhooks: pending ones by their due time, delivered ones and dead letters."""

from dataclasses import dataclass
from typing import assert_never, get_args

from baton.domain.delivery.messages import (
    DeliveryDied,
    DeliveryFailed,
    DeliveryForgotten,
    DeliveryRedriven,
    DeliveryRequested,
    DeliverySucceeded,
    Event,
)
from baton.domain.delivery.state import Status
from baton.domain.webhook.messages import EventType
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Index, Table
from baton.projector.view import Values, View, created_by, key_of

TABLE = Table(
    name="deliveries",
    columns=(
        Column(name="webhook_id", kind="text"),
        Column(name="status", kind="text"),
        Column(name="created_at", kind="int"),
        Column(name="due_at", kind="int"),
        Column(name="ended_at", kind="int"),
        Column(name="lane", kind="text"),
        Column(name="seq", kind="int"),
        Column(name="run_id", kind="text"),
    ),
    indexes=(
        Index(columns=("webhook_id", "created_at", "key")),
        Index(columns=("webhook_id", "status", "created_at", "key")),
        Index(columns=("due_at", "key"), where_set="due_at", across_tenants=True),
        Index(columns=("webhook_id", "due_at", "key"), where_set="due_at", across_tenants=True),
        Index(columns=("ended_at", "key"), where_set="ended_at", across_tenants=True),
        Index(columns=("lane", "seq"), where_set="lane"),
        Index(columns=("run_id", "created_at", "key")),
    ),
)


@dataclass(kw_only=True)
class Document:
    """One delivery. Times are ms since the epoch, UTC.

    `run_version` is the version of the run's event that it reports. `begun_at` is the time of its
    request or last redrive. `due_at` is the time of the next attempt, None unless it is pending.
    `attempts` counts ended attempts; `last_status` and `last_error` are those of the newest one.
    The class has no slots, because orjson writes it faster without them.
    """

    id: str
    tenant: str
    webhook_id: str
    event: EventType
    run_id: str
    run_version: int
    step_id: str | None = None
    ordered: bool = False
    status: Status = "pending"
    attempts: int = 0
    last_status: int | None = None
    last_error: str | None = None
    due_at: int | None = None
    begun_at: int
    created_at: int
    updated_at: int


def lane_of(webhook_id: str, run_id: str) -> str:
    """Return the lane of a run: the ordered deliveries of one lane are sent one by one."""
    return f"{webhook_id}:{run_id}"


def evolve(document: Document | None, recorded: Recorded) -> Document | None:
    """Fold one event of the delivery."""
    event: Event = recorded.event
    if isinstance(event, DeliveryRequested):
        return _requested(recorded, event)
    if document is None or isinstance(event, DeliveryForgotten):
        return None
    document.updated_at = event.at
    match event:
        case DeliverySucceeded():
            document.status, document.due_at = "delivered", None
        case DeliveryFailed():
            document.due_at = event.next_at
        case DeliveryDied():
            document.status, document.due_at = "dead", None
        case DeliveryRedriven():
            document.status, document.due_at = "pending", event.at
            document.begun_at = event.at
        case _:
            assert_never(event)
    if not isinstance(event, DeliveryRedriven):
        document.attempts = event.attempt
        document.last_status = event.status
        document.last_error = None if isinstance(event, DeliverySucceeded) else event.error
    return document


def columns(document: Document) -> Values:
    """Return the values of the table's columns.

    Pending deliveries have `due_at`, others `ended_at`. Pending ordered deliveries have a `lane`,
    and `seq` is their order in it.
    """
    kept = document.ordered and document.status == "pending"
    return (
        document.webhook_id,
        document.status,
        document.created_at,
        document.due_at,
        None if document.status == "pending" else document.updated_at,
        lane_of(document.webhook_id, document.run_id) if kept else None,
        document.run_version,
        document.run_id,
    )


def is_final(document: Document) -> bool:
    """Return whether the delivery has succeeded."""
    return document.status == "delivered"


def _requested(recorded: Recorded, event: DeliveryRequested) -> Document:
    tenant, delivery_id = key_of(recorded.stream)
    return Document(
        id=delivery_id,
        tenant=tenant,
        webhook_id=event.webhook_id,
        event=event.event,
        run_id=event.run_id,
        run_version=event.run_version,
        step_id=event.step_id,
        ordered=event.ordered,
        due_at=event.at,
        begun_at=event.at,
        created_at=event.at,
        updated_at=event.at,
    )


VIEW = View(
    table=TABLE,
    document=Document,
    events=get_args(Event),
    creates=created_by(DeliveryRequested),
    evolve=evolve,
    columns=columns,
    is_final=is_final,
)
