"""Checkpoints in SQLite, as the eventsourcing library's tracking records."""

import sqlite3

from baton.backends.sql import checkpoint_statements
from baton.backends.sqlite.database import statement
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.writing.transactions import Transactions

_LOAD = statement(checkpoint_statements.LOAD, table="tracking")
_SAVE = statement(checkpoint_statements.SAVE, table="tracking")


class SqliteCheckpoints:
    """Implements `Checkpoints`."""

    def __init__(self, reader: sqlite3.Connection, transactions: Transactions) -> None:
        self._reader = reader
        self._transactions = transactions

    async def load(self, name: str) -> int:
        """Return the saved position, 0 when there is none."""
        with as_unavailable():
            row = self._reader.execute(_LOAD, (name,)).fetchone()
        return row[0] if row else 0

    async def save(self, name: str, position: int) -> None:
        """Save `position`, unless a greater one is saved."""
        await self._transactions.run((_SAVE, (name, position)))
