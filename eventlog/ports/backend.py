"""What a folder under `backends` exports: how to open a technology, and what it can do."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from baton.eventlog.ports.archive import Archive
from baton.eventlog.ports.dead_letters import DeadLetters
from baton.eventlog.ports.keys import IdempotencyKeys
from baton.eventlog.ports.leases import Leases
from baton.eventlog.ports.outbox import Outbox, Publisher
from baton.eventlog.ports.partitions import PartitionedLog
from baton.eventlog.ports.secrets import Secrets
from baton.eventlog.ports.stores import Checkpoints, EventStore, Log
from baton.eventlog.ports.topics import Topics
from baton.eventlog.ports.views import ViewProgress, ViewStore

Capability = Literal["durable", "embedded", "shared"]
"""durable: stored data survive a restart; embedded: the data are files in a folder, whose path the
address holds; shared: several processes may write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """A driver that an extra of the distribution installs.

    `name` is the extra, `driver` the module that it must provide, `technology` the product's name
    in messages.
    """

    name: str
    driver: str
    technology: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLocation:
    """Where the data are. `secrets_key` seals secrets; `read_only` leaves everything as it is.

    Who opens it may say which classes of events the log is `followed` for: it may then pass over
    others, None over none.
    """

    secrets_key: bytes
    folder: Path | None = None
    url: str | None = None
    read_only: bool = False
    followed: frozenset[type] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """One technology behind every port; `close` finishes what was accepted and lets go of all.

    A store that several processes share has `kept`, its views as those see them that don't keep
    them, and an `outbox`. A transport between the processes adds the others: `publisher` and
    `shares` are the two ends of the log they share, `topics` carry messages.
    """

    events: EventStore
    log: Log
    views: ViewStore
    checkpoints: Checkpoints
    keys: IdempotencyKeys
    leases: Leases
    secrets: Secrets
    dead_letters: DeadLetters
    close: Callable[[], Awaitable[None]]
    view_progress: ViewProgress | None = None
    outbox: Outbox | None = None
    publisher: Publisher | None = None
    partitioned_log: PartitionedLog | None = None
    topics: Topics | None = None


async def _nothing_to_migrate(_location: StoreLocation) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A technology that keeps stores, chosen by the scheme of an address.

    `address` is the form of its addresses that messages show; empty for one that they leave out.
    `open` raises `InUse` when another process writes there, and `Unavailable`. So does
    `open_archive`, where what is stored outlives the process; it makes what is missing, unless the
    place is only read. `migrate` brings the schema up to this release and returns what it did; a
    backend that does so in `open` has nothing to do.
    """

    name: str
    schemes: tuple[str, ...]
    capabilities: frozenset[Capability]
    open: Callable[[StoreLocation], Awaitable[Stores]]
    migrate: Callable[[StoreLocation], Awaitable[Sequence[str]]] = _nothing_to_migrate
    open_archive: Callable[[StoreLocation], Awaitable[Archive]] | None = None
    address: str = ""
    extra: Extra | None = None
