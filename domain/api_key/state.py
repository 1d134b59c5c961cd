"""The state of an API key, folded from its events."""

from dataclasses import dataclass, replace
from typing import assert_never

from baton.domain.api_key.messages import ApiKeyCreated, ApiKeyRevoked, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A key; `key_id` is empty before it is created.

    `expires_at` is None for a key that doesn't expire, `revoked_at` for a key that isn't revoked.
    Both are in ms since the epoch, UTC.
    """

    tenant: str = ""
    key_id: str = ""
    name: str = ""
    key_hash: str = ""
    scopes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    expires_at: int | None = None
    created_at: int = 0
    created_by: str = ""
    revoked_at: int | None = None
    revoked_by: str = ""

    def is_valid_at(self, now: int) -> bool:
        """Return whether the key exists, isn't revoked, and hasn't expired at `now` (ms, UTC)."""
        expired = self.expires_at is not None and now >= self.expires_at
        return bool(self.key_id) and self.revoked_at is None and not expired


def evolve(state: State, event: Event) -> State:
    """Return the state after `event`."""
    match event:
        case ApiKeyCreated():
            return State(
                tenant=event.tenant,
                key_id=event.key_id,
                name=event.name,
                key_hash=event.key_hash,
                scopes=event.scopes,
                groups=event.groups,
                expires_at=event.expires_at,
                created_at=event.at,
                created_by=event.actor.subject,
            )
        case ApiKeyRevoked():
            return replace(state, revoked_at=event.at, revoked_by=event.actor.subject)
    assert_never(event)
