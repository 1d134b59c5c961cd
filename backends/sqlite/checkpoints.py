"""Named places in the log, as the eventsourcing library's tracking records."""

import sqlite3
from contextlib import suppress

from eventsourcing.persistence import IntegrityError, Tracking
from eventsourcing.sqlite import SQLiteCursor

from backends.sqlite.errors import as_unavailable
from backends.sqlite.recorder import SqliteRecorder
from backends.sqlite.transactions import Transactions

_LOAD = "SELECT notification_id FROM tracking WHERE application_name = ?"


class SqliteCheckpoints:
    """Implements `eventlog.ports.Checkpoints`."""

    def __init__(
        self, reader: sqlite3.Connection, transactions: Transactions, recorder: SqliteRecorder
    ) -> None:
        self._reader = reader
        self._transactions = transactions
        self._recorder = recorder

    async def load(self, name: str) -> int:
        """Return the saved position, 0 when there is none."""
        with as_unavailable():
            found = self._reader.execute(_LOAD, (name,)).fetchone()
        return found[0] if found else 0

    async def save(self, name: str, position: int) -> None:
        """Remember `position`; a lower one than saved is ignored."""

        def job(cursor: SQLiteCursor) -> None:
            with suppress(IntegrityError):  # raised by the library, for a row it didn't change
                self._recorder._insert_tracking(cursor, Tracking(name, position))  # noqa: SLF001 - shares the transaction

        await self._transactions.run(job)
