"""Commands and events of an API key. Event names and fields are the storage format.

`key_hash` is the SHA-256 of the key's text, in lowercase hex; the text itself is in no message.
Times are milliseconds since the epoch, UTC.
"""

from dataclasses import dataclass
from typing import TypeAlias

from baton.domain.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateApiKey:
    """Create a key that is valid until `expires_at`; None means until it is revoked."""

    tenant: str
    key_id: str
    name: str
    key_hash: str
    scopes: tuple[str, ...]
    actor: Actor
    at: int
    groups: tuple[str, ...] = ()
    expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeApiKey:
    """Revoke the key for good."""

    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyCreated:
    """The key was created by `actor`."""

    tenant: str
    key_id: str
    name: str
    key_hash: str
    scopes: tuple[str, ...]
    actor: Actor
    at: int
    groups: tuple[str, ...] = ()
    expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRevoked:
    """The key was revoked by `actor`."""

    actor: Actor
    at: int


Command: TypeAlias = CreateApiKey | RevokeApiKey
Event: TypeAlias = ApiKeyCreated | ApiKeyRevoked
