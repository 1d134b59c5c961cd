"""Leaf blocks and tree heads in SQLite."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from baton.backends.sqlite.database import statement
from baton.backends.sqlite.events.recorder import EVENTS
from baton.backends.sqlite.leaves.deriver import LeafDeriver
from baton.backends.sqlite.leaves.rows import SQL, LeafRows
from baton.backends.sqlite.writing.transactions import Transactions
from baton.eventlog.events.envelope import Stored
from baton.eventlog.ports.audit.leaf_store import Derived, LeafBlock, SealedHead


class SqliteLeafStore(LeafRows):
    """Implements `LeafStore`; `deriver` derives leaves."""

    def __init__(
        self, reader: sqlite3.Connection, transactions: Transactions, deriver: LeafDeriver
    ) -> None:
        super().__init__(reader)
        self._transactions = transactions
        self._deriver = deriver

    async def derive(self, *, after: int, limit: int) -> Derived:
        """Return the leaves of up to `limit` events after `after`."""
        return await self._deriver.derive(after=after, limit=limit)

    async def stream(self, name: str) -> Sequence[Stored]:
        """Return all events of a stream, undecoded, in order."""
        return [Stored(*row) for row in self.rows(EVENTS.stream, name, 0, -1)]

    async def newest(self) -> int:
        """Return the position of the newest event, 0 in an empty store."""
        ((position,),) = self.rows(EVENTS.head)
        return int(position)

    async def blocks(self, *, first: int, limit: int) -> Sequence[LeafBlock]:
        """Return up to `limit` blocks with numbers from `first` on, in order."""
        return [LeafBlock(*row) for row in self.rows(SQL.blocks, first, limit)]

    async def block_at(self, position: int) -> LeafBlock | None:
        """Return the last block that begins at `position` or before."""
        rows = self.rows(SQL.block_at, position)
        return LeafBlock(*rows[0]) if rows else None

    async def roots(self) -> Sequence[bytes]:
        """Return the root of every block, in order."""
        return [root for (root,) in self.rows(SQL.roots)]

    async def head(self, size: int | None = None) -> SealedHead | None:
        """Return the head of `size` leaves, or the newest one."""
        rows = self.rows(SQL.newest_head) if size is None else self.rows(SQL.head, size)
        return SealedHead(*rows[0]) if rows else None

    async def heads(self, *, after: int, limit: int) -> Sequence[SealedHead]:
        """Return up to `limit` heads of more than `after` leaves, the smallest first."""
        return [SealedHead(*row) for row in self.rows(SQL.heads, after, limit)]

    async def seal(
        self, blocks: Sequence[LeafBlock], head: SealedHead, *, instead_of: int | None = None
    ) -> None:
        """Store blocks and a head together."""
        writes: list[tuple[str, Sequence[Any]]] = [
            (statement(SQL.put_block, table=""), tuple(block)) for block in blocks
        ]
        writes.append((statement(SQL.put_head, table=""), tuple(head)))
        if instead_of is not None:
            writes.append((statement(SQL.delete_head, table=""), (instead_of,)))
        await self._transactions.run(*writes)
