"""Named places in the log, as the eventsourcing library's tracking records."""

import sqlite3

from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.writing.transactions import Transactions

_LOAD = "SELECT notification_id FROM tracking WHERE application_name = ?"
_SAVE = """
INSERT INTO tracking (application_name, notification_id) VALUES (?, ?)
ON CONFLICT (application_name) DO UPDATE SET notification_id = excluded.notification_id
WHERE tracking.notification_id < excluded.notification_id"""


class SqliteCheckpoints:
    """Implements `Checkpoints`."""

    def __init__(self, reader: sqlite3.Connection, transactions: Transactions) -> None:
        self._reader = reader
        self._transactions = transactions

    async def load(self, name: str) -> int:
        """Return the saved position, 0 when there is none."""
        with as_unavailable():
            found = self._reader.execute(_LOAD, (name,)).fetchone()
        return found[0] if found else 0

    async def save(self, name: str, position: int) -> None:
        """Remember `position`; a lower one than saved is ignored."""
        await self._transactions.run((_SAVE, (name, position)))
