"""The ports of the views: tables of documents that queries read.

All methods raise `Unavailable` (baton.eventlog.errors) when the technology fails.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from baton.domain.frozen import frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A field that rows can be filtered and sorted by."""

    name: str
    kind: Literal["text", "int"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index over `columns`, after the tenant.

    `where_set` names a column: only rows that have it are indexed. `across_tenants` leaves the
    tenant out of the index.
    """

    columns: tuple[str, ...]
    where_set: str | None = None
    across_tenants: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The table of one view. Its primary key is (tenant, key).

    `counted` are text columns, never NULL, by which rows are often counted.
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
    """The changes of one table by a batch of events; each key occurs once."""

    table: str
    upserts: Sequence[Row] = ()
    deletes: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A comparison of a column ("tenant" and "key" are columns too) with a value.

    A NULL column matches only "=" None. "prefix" takes one text, or several of which one matches.
    """

    column: str
    op: Literal["=", "<", "<=", ">", ">=", "in", "is_set", "prefix"]
    value: str | int | Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query for one page of a view.

    `tenant` None reads all tenants: only services do so, never a request. Text is ordered by code
    point, and NULL comes first. Rows that `order` leaves equal are ordered by tenant and key, in
    the direction of the last column. `count` asks for the number of all matches.
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
    """The rows of a query; `total` counts all matches if the query asked for it, else -1."""

    rows: Sequence[Row]
    total: int = -1


class ViewReads(Protocol):
    """The documents of views, for queries; as they are now, or as of an earlier position."""

    async def get(self, table: str, tenant: str, key: str) -> bytes | None:
        """Return one document, None if there is none."""
        ...

    async def get_many(
        self, table: str, keys: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], bytes]:
        """Return those documents of `keys` (tenant, key) that exist."""
        ...

    async def find(self, query: Query) -> Page:
        """Return a page of documents."""
        ...


class ViewStore(ViewReads, Protocol):
    """The views and their checkpoint, which change in one transaction."""

    async def prepare(self, tables: Sequence[Table]) -> None:
        """Create the tables.

        If one is missing or its declaration changed, all begin again, empty, at position 0.
        """
        ...

    async def commit(self, changes: Sequence[Change], *, checkpoint: int) -> None:
        """Apply `changes` and move the checkpoint in one transaction.

        Raises `InUse` if another process projects into these views now.
        """
        ...

    async def checkpoint(self) -> int:
        """Return the position that the views have reached, 0 if they are empty."""
        ...

    async def scan(
        self, table: str, *, after: tuple[str, str] | None = None, limit: int = 1_000
    ) -> Sequence[Row]:
        """Return rows behind `after`, ordered by tenant and key, for comparing whole views."""
        ...

    async def create_fresh(self) -> "ViewStore":
        """Create and return a second, empty set of the tables; an earlier second set is dropped."""
        ...

    async def swap(self, fresh: "ViewStore") -> None:
        """Replace these tables and their checkpoint by those of `fresh`, atomically.

        Args:
            fresh: Must come from `create_fresh` of this store. The call closes it.
        """
        ...

    async def close(self) -> None:
        """Release all resources."""
        ...


class ViewProgress(Protocol):
    """The checkpoint of views that another process projects. All methods raise `Unavailable`."""

    async def attach(self, tables: Sequence[Table]) -> bool:
        """Begin to read tables that the other process prepared; False while they don't exist."""
        ...

    async def next_checkpoint(self, after: int) -> int:
        """Wait for and return a checkpoint greater than `after`."""
        ...
