"""Commands and events of the hold. Event names and fields are the storage format.

The whole server has one hold, in one stream. Times are milliseconds since the epoch, UTC.
"""

from dataclasses import dataclass
from typing import TypeAlias

from baton.domain.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldServer:
    """Hold the server; does nothing while it is held."""

    actor: Actor
    at: int
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseServer:
    """Release the server; does nothing unless it is held."""

    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHeld:
    """`actor` held the server."""

    actor: Actor
    at: int
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerReleased:
    """`actor` released the server."""

    actor: Actor
    at: int


Command: TypeAlias = HoldServer | ReleaseServer
Event: TypeAlias = ServerHeld | ServerReleased
