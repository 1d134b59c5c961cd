"""What a folder under `backends` exports: how to open a technology, and what it can do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from eventlog.ports import (
    Checkpoints,
    EventStore,
    IdempotencyKeys,
    Leases,
    Log,
    Secrets,
    ViewStore,
)

Capability = Literal["durable", "shared"]
"""durable: what was stored is there after a restart; shared: several processes may write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the data are. `sealing_key` seals secrets; `read_only` leaves everything as it is."""

    sealing_key: bytes
    folder: Path | None = None
    url: str | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """One technology behind every port; `close` finishes what was accepted and lets go of all."""

    events: EventStore
    log: Log
    views: ViewStore
    checkpoints: Checkpoints
    keys: IdempotencyKeys
    leases: Leases
    secrets: Secrets
    close: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A technology that can be chosen by its name.

    `open` raises `InUse` when another process writes there, and `Unavailable`.
    """

    name: str
    capabilities: frozenset[Capability]
    open: Callable[[Place], Awaitable[Stores]]
