"""The state of a user, folded from its events."""

from dataclasses import dataclass, replace
from typing import assert_never

from baton.domain.user.messages import Event, UserAdded, UserRemoved


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A user; `user_id` is empty before the user is added. Times are ms since the epoch, UTC."""

    tenant: str = ""
    user_id: str = ""
    name: str = ""
    password_hash: str = ""
    scopes: tuple[str, ...] = ()
    created_at: int = 0
    created_by: str = ""
    removed: bool = False


def evolve(state: State, event: Event) -> State:
    """Return the state after `event`."""
    match event:
        case UserAdded():
            return State(
                tenant=event.tenant,
                user_id=event.user_id,
                name=event.name,
                password_hash=event.password_hash,
                scopes=event.scopes,
                created_at=event.at,
                created_by=event.actor.subject,
            )
        case UserRemoved():
            return replace(state, removed=True)
    assert_never(event)
