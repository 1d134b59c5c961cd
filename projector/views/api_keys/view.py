"""API keys for the lists of administrators, including revoked and expired ones, without hashes.

No credential is verified with this view, because it may lag behind a revocation.
"""

from dataclasses import dataclass
from typing import get_args

from baton.domain.api_key.messages import ApiKeyCreated, ApiKeyRevoked, Event
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Index, Table
from baton.projector.view import Values, View, created_by

TABLE = Table(
    name="api_keys",
    columns=(Column(name="created_at", kind="int"),),
    indexes=(Index(columns=("created_at", "key")),),
)


@dataclass(slots=True, kw_only=True)
class Document:
    """One key. Times are ms since the epoch, UTC; `created_by` and `revoked_by` are subjects."""

    id: str
    tenant: str
    name: str
    scopes: tuple[str, ...]
    groups: tuple[str, ...] = ()
    expires_at: int | None = None
    created_at: int
    created_by: str
    revoked_at: int | None = None
    revoked_by: str | None = None


def evolve(document: Document | None, recorded: Recorded) -> Document | None:
    """Fold the creation or the revocation of a key."""
    event: Event = recorded.event
    match event:
        case ApiKeyCreated():
            return Document(
                id=event.key_id,
                tenant=event.tenant,
                name=event.name,
                scopes=event.scopes,
                groups=event.groups,
                expires_at=event.expires_at,
                created_at=event.at,
                created_by=event.actor.subject,
            )
        case ApiKeyRevoked():
            if document is not None:
                document.revoked_at, document.revoked_by = event.at, event.actor.subject
            return document


def columns(document: Document) -> Values:
    """Return the values that keys are sorted by."""
    return (document.created_at,)


def is_final(document: Document) -> bool:
    """Return whether the key is revoked."""
    return document.revoked_at is not None


VIEW = View(
    table=TABLE,
    document=Document,
    events=get_args(Event),
    creates=created_by(ApiKeyCreated),
    evolve=evolve,
    columns=columns,
    is_final=is_final,
)
