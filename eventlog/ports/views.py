"""The ports of the views: tables of documents that queries read, in one or more sets.

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

    `where_set` names a column: only rows with a value in it are indexed. `across_tenants` leaves
    the tenant out of the index.
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
    the direction of the last column. `count` requests the number of all matches.
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
    """The documents of views, for queries: as they are now, or as of an earlier position."""

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
    """One set of the views and its checkpoint, which change in one transaction.

    `Stores.views` is the live set; `ViewSets` has the others.
    """

    async def prepare(self, tables: Sequence[Table]) -> None:
        """Use the live set of these tables; if there is none, create it, empty, at position 0.

        If a set was built for these tables before, that set becomes the live one.
        """
        ...

    async def commit(self, changes: Sequence[Change], *, checkpoint: int) -> None:
        """Apply `changes` and move the checkpoint in one transaction.

        Raises `InUse` if another process projects into these views now.
        """
        ...

    async def find_any(self, queries: Sequence[Query]) -> Page:
        """Return the first documents that any of several queries finds, all of one state.

        The queries read one table, and no document matches two of them. Order, limit and whether
        the matches are counted are those of the first one. No query has an offset.
        """
        ...

    async def checkpoint(self) -> int:
        """Return the position that the views have reached, 0 if they are empty."""
        ...

    async def scan(
        self, table: str, *, after: tuple[str, str] | None = None, limit: int = 1_000
    ) -> Sequence[Row]:
        """Return rows after `after`, ordered by tenant and key, for comparing whole views."""
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


@frozen
class ViewSet:
    """One set of views.

    Attributes:
        number: Identifies the set; numbers are never used again.
        shape: The declarations of its tables, as JSON. Processes of another release may have
            others.
        checkpoint: The position that the set has reached.
        epoch: The number of its newest promotion, counted over all sets; 0 if it was never
            promoted.
        live: Whether processes with these tables read it: no set of the same tables has a later
            epoch.
        created_at: The time of its creation, in ms since the epoch.
        compared_at: Its position when it was compared with the live set; None if it never was.
        differences: The number of rows that differed then.
    """

    number: int
    shape: str
    checkpoint: int
    epoch: int
    live: bool
    created_at: int
    compared_at: int | None = None
    differences: int = 0


class NoSuchSet(LookupError):
    """There is no set of views with that number."""


class SetIsLive(Exception):
    """The set of views is live, so it can't be dropped: promote another one first."""


class SetIsBehind(Exception):
    """The set of views hasn't reached the position of the live one."""

    def __init__(self, checkpoint: int, live: int) -> None:
        super().__init__(f"It is at position {checkpoint}, the live set at {live}")


class ViewSets(Protocol):
    """Every set of the store. All methods raise `Unavailable`.

    A method with a number raises `NoSuchSet`.
    """

    async def every(self) -> Sequence[ViewSet]:
        """Return every set, by number."""
        ...

    async def create(self, tables: Sequence[Table], *, at: int) -> int:
        """Create an empty set and return its number.

        Args:
            tables: The declarations of its tables.
            at: The current time, ms since the epoch.
        """
        ...

    async def open(self, number: int) -> ViewStore:
        """Return the store of one set, live or not. Closing it closes nothing else.

        Its `prepare` raises `Unavailable` for tables other than those of the set.
        """
        ...

    async def open_temporary(self, tables: Sequence[Table]) -> ViewStore:
        """Return an empty unlisted set, which ends when it is closed, or with the stores."""
        ...

    async def record_comparison(self, number: int, *, position: int, differences: int) -> None:
        """Save the result of a comparison with the live set."""
        ...

    async def promote(self, number: int, *, even_behind: bool = False) -> int:
        """Make a set the live one and return its epoch; changes nothing if it is live already.

        Commits to the live set wait during the call. Raises `SetIsBehind` if the new set doesn't
        reach the live set's position within a second, unless `even_behind`.
        """
        ...

    def read(self, number: int) -> None:
        """Make `Stores.views` read a set that this process has opened, from the next read on.

        Does nothing if a promotion by itself changes the set that every process reads.
        """
        ...

    async def drop(self, number: int) -> None:
        """Delete a set; raises `SetIsLive` for the set that was promoted last."""
        ...

    async def reads(self, number: int) -> int | None:
        """Return a number that grows within seconds when any process reads the set.

        None if this process alone can need the set.
        """
        ...

    async def size_bytes(self, number: int) -> int:
        """Return the approximate space that a set takes, in bytes."""
        ...

    async def free_bytes(self) -> int | None:
        """Return the free space for another set, in bytes; None if the store can't determine it."""
        ...
