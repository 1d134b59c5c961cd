"""Users for the lists of administrators, without the hashes of their passwords.

No sign-in uses this view, because it may lag behind the removal of a user.
"""

from dataclasses import dataclass
from typing import get_args

from baton.domain.user.messages import Event, UserAdded, UserRemoved
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Index, Table
from baton.projector.view import Values, View, created_by

TABLE = Table(
    name="users",
    columns=(Column(name="name", kind="text"),),
    indexes=(Index(columns=("name",)),),
)


@dataclass(slots=True, kw_only=True)
class Document:
    """One user. Times are ms since the epoch, UTC; `created_by` is a subject."""

    id: str
    tenant: str
    name: str
    scopes: tuple[str, ...]
    created_at: int
    created_by: str


def evolve(_document: Document | None, recorded: Recorded) -> Document | None:
    """Fold the addition or the removal of a user."""
    event: Event = recorded.event
    match event:
        case UserAdded():
            return Document(
                id=event.user_id,
                tenant=event.tenant,
                name=event.name,
                scopes=event.scopes,
                created_at=event.at,
                created_by=event.actor.subject,
            )
        case UserRemoved():
            return None


def columns(document: Document) -> Values:
    """Return the values that users are sorted by."""
    return (document.name,)


VIEW = View(
    table=TABLE,
    document=Document,
    events=get_args(Event),
    creates=created_by(UserAdded),
    evolve=evolve,
    columns=columns,
)
