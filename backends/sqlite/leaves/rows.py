"""The stored events and their leaves, as rows that are read without decoding them."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

from baton.backends.sql.leaf_statements import LeafStatements
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.events.recorder import EVENTS
from baton.eventlog.events.envelope import Stored
from baton.eventlog.ports.audit.leaf_store import LEAF_BYTES, PlacedLeaf

SQL: Final = LeafStatements(
    prefix="",
    events="stored_events",
    position="rowid",
    wanted="SELECT $1 AS stream, $2 AS version",
)


class LeafRows:
    """Reads through a connection; all methods raise `Unavailable`."""

    def __init__(self, reader: sqlite3.Connection) -> None:
        self._reader = reader

    async def events(self, *, after: int, limit: int) -> Sequence[Stored]:
        """Return up to `limit` events with positions greater than `after`, in order."""
        return [Stored(*row) for row in self.rows(EVENTS.page, after, limit)]

    async def leaves_of(self, wanted: Sequence[tuple[str, int]]) -> Mapping[str, PlacedLeaf]:
        """Return the leaves of events by their stream."""
        rows = [row for event in wanted for row in self.rows(SQL.leaves_of, *event)]
        return {
            stream: PlacedLeaf(index, leaf)
            for stream, index, leaf in rows
            if len(leaf) == LEAF_BYTES
        }

    def rows(self, text: str, *values: str | int) -> list[tuple[Any, ...]]:
        """Return the rows of a statement of `backends.sql`."""
        with as_unavailable():
            return self._reader.execute(text.replace("$", "?"), values).fetchall()
