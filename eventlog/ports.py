"""What Baton needs of a technology, in no technology's terms. Backends implement these.

All methods raise `Unavailable` (eventlog.errors) when the technology fails.
"""

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from domain.frozen import frozen
from eventlog.envelope import Appended, Conflict, Recorded, Write


class Clock(Protocol):
    """The time, injected everywhere."""

    def now(self) -> int:
        """Return milliseconds since the epoch, UTC."""
        ...

    async def sleep(self, duration_ms: float) -> None:
        """Return when `duration_ms` have passed on this clock."""
        ...


class EventStore(Protocol):
    """The truth: streams of events in one total order."""

    def append(self, writes: Sequence[Write]) -> Coroutine[Any, Any, Appended | Conflict]:
        """Record all of `writes` or none; durable when it returns. The only way to write."""
        ...

    async def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        """Return the events of one stream with versions greater than `after`."""
        ...

    async def read_all(self, *, after: int, limit: int) -> Sequence[Recorded]:
        """Return up to `limit` events with positions greater than `after`, in order."""
        ...

    async def head(self) -> int:
        """Return the position of the newest event, 0 in an empty store."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then let go of everything."""
        ...


class Subscription(Protocol):
    """One follower's place in the log."""

    async def next(self) -> Sequence[Recorded]:
        """Wait for and return the next events, in order; never empty. Repeats are possible."""
        ...

    async def close(self) -> None:
        """Leave the log."""
        ...


class Log(Protocol):
    """Hands the appended events to followers, ordered per stream."""

    async def subscribe(self, name: str, *, after: int) -> Subscription:
        """Return a subscription that begins behind position `after`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A field that a view can be filtered or sorted by."""

    name: str
    kind: Literal["text", "int"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Columns looked up together (behind the tenant); `where_set` keeps only its rows."""

    columns: tuple[str, ...]
    where_set: str | None = None
    across_tenants: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Where one view's documents live: (tenant, key) is the primary key.

    By `counted`, text columns that are always set, it is often asked how many rows there are.
    """

    name: str
    columns: tuple[Column, ...] = ()
    indexes: tuple[Index, ...] = ()
    counted: tuple[str, ...] = ()


@frozen(kw_only=False)
class Row:
    """One document; `values` are in the order of the table's columns."""

    tenant: str
    key: str
    document: bytes
    values: tuple[str | int | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a batch of events changes in one table; it names a key once."""

    table: str
    upserts: Sequence[Row] = ()
    deletes: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One comparison of a column ("tenant" and "key" count as columns) with a value.

    A column that isn't set meets only "=" None.
    """

    column: str
    op: Literal["=", "<", "<=", ">", ">=", "in", "is_set", "prefix"]
    value: str | int | Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A page of one view; `tenant` None looks across tenants (services only, never a request).

    Text is ordered by code point, what isn't set comes first. Rows that `order` leaves equal are
    ordered by tenant and key, in the direction of the last column.
    """

    table: str
    tenant: str | None
    where: tuple[Filter, ...] = ()
    order: tuple[tuple[str, Literal["asc", "desc"]], ...] = ()
    limit: int = 100
    offset: int = 0
    count: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a query; `total` counts all matches when the query asked for it, else -1."""

    rows: Sequence[Row]
    total: int = -1


class ViewStore(Protocol):
    """Documents that queries read, and the position they hold, changed in one transaction."""

    async def prepare(self, tables: Sequence[Table]) -> None:
        """Create the tables.

        When one is missing or was declared otherwise, all start over, empty, from position 0.
        """
        ...

    async def commit(self, changes: Sequence[Change], *, checkpoint: int) -> None:
        """Apply `changes` and move the checkpoint, together.

        Raises `InUse` when another process keeps these views now.
        """
        ...

    async def checkpoint(self) -> int:
        """Return the position the views hold, 0 when they hold nothing."""
        ...

    async def get(self, table: str, tenant: str, key: str) -> bytes | None:
        """Return one document."""
        ...

    async def get_many(
        self, table: str, keys: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], bytes]:
        """Return the documents that exist of `keys` (tenant, key)."""
        ...

    async def find(self, query: Query) -> Page:
        """Return a page of documents."""
        ...

    async def scan(
        self, table: str, *, after: tuple[str, str] | None = None, limit: int = 1_000
    ) -> Sequence[Row]:
        """Return rows behind `after` (tenant, key), in that order, for comparing whole views."""
        ...

    async def fresh(self) -> "ViewStore":
        """Return the same tables once more, empty, beside these; an older such set is dropped."""
        ...

    async def swap(self, fresh: "ViewStore") -> None:
        """Put what `fresh` holds in the place of these tables, checkpoint included, at once.

        `fresh` must come from this store; it is closed. Readers see the old rows or the new ones.
        """
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


class KeptViews(Protocol):
    """The side of a view store that another process writes. All methods raise `Unavailable`."""

    async def attach(self, tables: Sequence[Table]) -> bool:
        """Read the tables as the other process prepared them; False while they aren't there."""
        ...

    async def moved(self, after: int) -> int:
        """Wait for and return a checkpoint behind `after`."""
        ...


class Checkpoints(Protocol):
    """Named places in the log, for followers whose effects are appends."""

    async def load(self, name: str) -> int:
        """Return the saved position, 0 when there is none."""
        ...

    async def save(self, name: str, position: int) -> None:
        """Remember `position`; a lower one than saved is ignored."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer kept for an idempotency key."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """What claiming a key found.

    "mine": go on and complete or release it; "busy": another request is being answered;
    "mismatch": the key belongs to another request; "answered": `answer` is the first answer.
    """

    outcome: Literal["mine", "busy", "mismatch", "answered"]
    answer: Answer | None = None


class IdempotencyKeys(Protocol):
    """First answers by (tenant, key), kept 24 h."""

    async def claim(self, tenant: str, key: str, *, fingerprint: str, at: int) -> Claim:
        """Claim the key for the request that `fingerprint` (method, path, body) names."""
        ...

    async def complete(self, tenant: str, key: str, *, answer: Answer) -> None:
        """Keep the answer of a claimed key."""
        ...

    async def release(self, tenant: str, key: str) -> None:
        """Give the key back: the command was refused."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to be the one `name`; every write of the holder carries `epoch`."""

    name: str
    holder: str
    epoch: int
    expires_at: int


class Leases(Protocol):
    """At most one holder per name; the epoch grows with every change of holder."""

    async def acquire(self, name: str, *, holder: str, ttl_ms: int, at: int) -> Lease | None:
        """Take or renew the lease; None while somebody else holds it."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give it back early."""
        ...


class Secrets(Protocol):
    """Values that are written once, sealed at rest, and only ever used, never shown."""

    async def put(self, tenant: str, secret_id: str, value: str) -> None:
        """Seal and keep `value`."""
        ...

    async def get(self, tenant: str, secret_id: str) -> str | None:
        """Return the value for use."""
        ...
