"""Webhook registrations: the URLs that get deliveries. Deleting one deletes its document."""

from dataclasses import dataclass
from typing import assert_never, get_args

from baton.domain.webhook.messages import (
    Event,
    EventType,
    Reason,
    SecretRotated,
    WebhookCreated,
    WebhookDeleted,
    WebhookDisabled,
    WebhookUpdated,
)
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Index, Table
from baton.projector.view import Values, View, created_by

TABLE = Table(
    name="webhooks",
    columns=(Column(name="created_at", kind="int"),),
    indexes=(Index(columns=("created_at", "key")), Index(columns=("key",), across_tenants=True)),
)


@dataclass(slots=True, kw_only=True)
class Document:
    """One registration. Times are ms since the epoch, UTC.

    `secret_id` is the id of the signing secret. `retired_id` is the id of the secret before, which
    signs too until `retire_at`. `disabled` is the reason why Baton stopped the deliveries.
    """

    id: str
    tenant: str
    url: str
    events: tuple[EventType, ...]
    secret_id: str
    retired_id: str | None = None
    retire_at: int = 0
    active: bool
    ordered: bool
    disabled: Reason | None = None
    created_at: int
    updated_at: int


def evolve(document: Document | None, recorded: Recorded) -> Document | None:
    """Fold one event of the registration."""
    event: Event = recorded.event
    if isinstance(event, WebhookCreated):
        return _created(event)
    if document is None:
        return None
    document.updated_at = event.at
    match event:
        case WebhookUpdated():
            document.url, document.events = event.url, event.events
            document.active, document.ordered = event.active, event.ordered
            document.disabled = None if event.active else document.disabled
        case SecretRotated():
            document.secret_id, document.retired_id = event.secret_id, event.retired_id
            document.retire_at = event.retire_at
        case WebhookDisabled():
            document.active, document.disabled = False, event.reason
        case WebhookDeleted():
            return None
        case _:
            assert_never(event)
    return document


def columns(document: Document) -> Values:
    """Return the time that registrations are sorted by."""
    return (document.created_at,)


def _created(event: WebhookCreated) -> Document:
    return Document(
        id=event.webhook_id,
        tenant=event.tenant,
        url=event.url,
        events=event.events,
        secret_id=event.secret_id,
        active=event.active,
        ordered=event.ordered,
        created_at=event.at,
        updated_at=event.at,
    )


VIEW = View(
    table=TABLE,
    document=Document,
    events=get_args(Event),
    creates=created_by(WebhookCreated),
    evolve=evolve,
    columns=columns,
)
