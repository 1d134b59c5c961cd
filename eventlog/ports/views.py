"""Ports of the views: documents in tables that queries read.

All methods raise `Unavailable` (baton.eventlog.errors) when the technology fails.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from baton.domain.frozen import frozen


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


class ViewProgress(Protocol):
    """The side of a view store that another process writes. All methods raise `Unavailable`."""

    async def attach(self, tables: Sequence[Table]) -> bool:
        """Read the tables as the other process prepared them; False while they aren't there."""
        ...

    async def next_checkpoint(self, after: int) -> int:
        """Wait for and return a checkpoint behind `after`."""
        ...
