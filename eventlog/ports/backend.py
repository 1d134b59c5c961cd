"""The port that each folder under `backends` exports: how to open it, and its capabilities."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from baton.eventlog.known_functions import FunctionDirectory
from baton.eventlog.metrics.commits import CommitHistograms
from baton.eventlog.ports.api_key_uses import ApiKeyUses
from baton.eventlog.ports.archive import Archive
from baton.eventlog.ports.artifacts import Artifacts
from baton.eventlog.ports.audit.leaf_store import LeafStore
from baton.eventlog.ports.dead_letters import DeadLetters
from baton.eventlog.ports.keys import IdempotencyKeys
from baton.eventlog.ports.leases import Leases
from baton.eventlog.ports.outbox import Outbox, Publisher
from baton.eventlog.ports.partitions import PartitionedLog, PartitionOwners
from baton.eventlog.ports.secrets import Resealed, Secrets
from baton.eventlog.ports.stores import Checkpoints, EventStore, Log
from baton.eventlog.ports.topics import Topics
from baton.eventlog.ports.views import ViewProgress, ViewSets, ViewStore

Capability = Literal["durable", "embedded", "shared"]
"""The capabilities of a backend.

Durable: events survive a restart. Embedded: the data are files in a folder, whose path is in the
address. Shared: several processes may write at the same time.
"""


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
    """The address of the data, and how to open it.

    - `secrets_keys` decrypt secrets, and the first one encrypts; a process that uses no secrets has
      none.
    - `read_only` forbids any change.
    - `beside` is for a few appends while another process may own the data. The logs of both
      processes deliver the events of both.
    - `followed` are the event classes that this process follows the log for: the log may skip all
      others. None follows every class.
    """

    secrets_keys: tuple[bytes, ...]
    folder: Path | None = None
    url: str | None = None
    read_only: bool = False
    beside: bool = False
    followed: frozenset[type] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The implementations of all ports by one technology.

    - `commits` counts the group commits of `events`.
    - `views` is the live set of `view_sets`.
    - A store that several processes share has a `view_progress`, for processes that read the views
      without projecting them, an `outbox`, and `functions` that its executors announce.
    - A transport adds the rest: `publisher` and `partitioned_log` are the two ends of the shared
      log, `topics` carry messages.
    - `whole_log` has the events of every class, even if `log` leaves out some.
    - `history` are the views that only reads as of a position need, and `history_progress` is their
      `view_progress`. They are the live set of `histories`.
    - `close` finishes accepted appends and releases everything.
    """

    events: EventStore
    commits: CommitHistograms
    log: Log
    views: ViewStore
    view_sets: ViewSets
    history: ViewStore
    histories: ViewSets
    checkpoints: Checkpoints
    keys: IdempotencyKeys
    leases: Leases
    secrets: Secrets
    artifacts: Artifacts
    leaves: LeafStore
    api_key_uses: ApiKeyUses
    dead_letters: DeadLetters
    close: Callable[[], Awaitable[None]]
    view_progress: ViewProgress | None = None
    history_progress: ViewProgress | None = None
    outbox: Outbox | None = None
    functions: FunctionDirectory | None = None
    publisher: Publisher | None = None
    partitioned_log: PartitionedLog | None = None
    partition_owners: PartitionOwners | None = None
    topics: Topics | None = None
    whole_log: Log | None = None


async def _nothing_to_migrate(_location: StoreLocation) -> Sequence[str]:
    return ()


async def _nothing_to_reseal(_location: StoreLocation) -> Resealed:
    return Resealed(moved=0, unreadable=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A technology for stores, chosen by the scheme of an address.

    - `address` shows the form of its addresses in messages; a backend without one isn't mentioned.
    - `open` raises `Unavailable`, and `InUse` if another process holds the right to write.
    - `open_archive`, which durable backends have, raises the same errors. It creates missing parts
      unless the location is read only.
    - `migrate` updates the schema to this release and returns the changes; a backend whose `open`
      does that has none.
    - `reseal` encrypts every secret with the newest key of the location, while other processes use
      the store.
    """

    name: str
    schemes: tuple[str, ...]
    capabilities: frozenset[Capability]
    open: Callable[[StoreLocation], Awaitable[Stores]]
    migrate: Callable[[StoreLocation], Awaitable[Sequence[str]]] = _nothing_to_migrate
    reseal: Callable[[StoreLocation], Coroutine[None, None, Resealed]] = _nothing_to_reseal
    open_archive: Callable[[StoreLocation], Awaitable[Archive]] | None = None
    address: str = ""
    extra: Extra | None = None
