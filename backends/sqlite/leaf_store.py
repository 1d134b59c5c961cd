"""Leaf blocks and tree heads in SQLite."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from baton.backends.sql.leaf_statements import LeafStatements
from baton.backends.sqlite.database import statement
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.events.recent_rows import RecentRows
from baton.backends.sqlite.events.recorder import EVENTS
from baton.backends.sqlite.writing.transactions import Transactions
from baton.eventlog.events.envelope import Stored
from baton.eventlog.ports.audit.leaf_store import LEAF_BYTES, LeafBlock, PlacedLeaf, SealedHead

_SQL = LeafStatements(
    prefix="",
    events="stored_events",
    position="rowid",
    wanted="SELECT $1 AS stream, $2 AS version",
)


class SqliteLeafStore:
    """Implements `LeafStore`; `recent` has the rows that this process has committed lately."""

    def __init__(
        self, reader: sqlite3.Connection, transactions: Transactions, recent: RecentRows
    ) -> None:
        self._reader = reader
        self._transactions = transactions
        self._recent = recent

    async def events(self, *, after: int, limit: int) -> Sequence[Stored]:
        """Return up to `limit` events with positions greater than `after`, in order."""
        return [Stored(*row) for row in self._rows(EVENTS.page, after, limit)]

    async def to_seal(self, *, after: int, limit: int, remembered: bool) -> Sequence[Stored]:
        """Return up to `limit` events behind `after` that were appended, in order."""
        found = self._recent.after(after, limit)
        return found if found or remembered else await self.events(after=after, limit=limit)

    async def stream(self, name: str) -> Sequence[Stored]:
        """Return all events of a stream, undecoded, in order."""
        return [Stored(*row) for row in self._rows(EVENTS.stream, name, 0, -1)]

    async def newest(self) -> int:
        """Return the position of the newest event, 0 in an empty store."""
        ((position,),) = self._rows(EVENTS.head)
        return int(position)

    async def leaves_of(self, wanted: Sequence[tuple[str, int]]) -> Mapping[str, PlacedLeaf]:
        """Return the leaves of events by their stream."""
        rows = [row for one in wanted for row in self._rows(_SQL.leaves_of, *one)]
        return {
            stream: PlacedLeaf(index, leaf)
            for stream, index, leaf in rows
            if len(leaf) == LEAF_BYTES
        }

    async def blocks(self, *, first: int, limit: int) -> Sequence[LeafBlock]:
        """Return up to `limit` blocks with numbers from `first` on, in order."""
        return [LeafBlock(*row) for row in self._rows(_SQL.blocks, first, limit)]

    async def block_at(self, position: int) -> LeafBlock | None:
        """Return the last block that begins at `position` or before."""
        found = self._rows(_SQL.block_at, position)
        return LeafBlock(*found[0]) if found else None

    async def roots(self) -> Sequence[bytes]:
        """Return the root of every block, in order."""
        return [root for (root,) in self._rows(_SQL.roots)]

    async def head(self, size: int | None = None) -> SealedHead | None:
        """Return the head of `size` leaves, or the newest one."""
        found = self._rows(_SQL.newest_head) if size is None else self._rows(_SQL.head, size)
        return SealedHead(*found[0]) if found else None

    async def heads(self, *, after: int, limit: int) -> Sequence[SealedHead]:
        """Return up to `limit` heads of more than `after` leaves, the smallest first."""
        return [SealedHead(*row) for row in self._rows(_SQL.heads, after, limit)]

    async def seal(
        self, blocks: Sequence[LeafBlock], head: SealedHead, *, instead_of: int | None = None
    ) -> None:
        """Store blocks and a head together."""
        writes: list[tuple[str, Sequence[Any]]] = [
            (statement(_SQL.put_block, table=""), tuple(one)) for one in blocks
        ]
        writes.append((statement(_SQL.put_head, table=""), tuple(head)))
        if instead_of is not None:
            writes.append((statement(_SQL.delete_head, table=""), (instead_of,)))
        await self._transactions.run(*writes)

    def _rows(self, text: str, *values: str | int) -> list[tuple[Any, ...]]:
        with as_unavailable():
            return self._reader.execute(text.replace("$", "?"), values).fetchall()
