"""Dead letters in SQLite."""

import sqlite3
from collections.abc import Sequence

from baton.backends.sql import dead_letter_statements
from baton.backends.sql.dead_letter_statements import letter_of, row_of
from baton.backends.sqlite.database import statement
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.writing.transactions import Transactions
from baton.eventlog.ports.dead_letters import DeadLetter

_PUT = f"""
INSERT INTO dead_letters ({dead_letter_statements.COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (letter_id) DO NOTHING"""  # noqa: S608 - constants
_PAGE = statement(dead_letter_statements.PAGE, table="dead_letters")
_NEWEST = statement(dead_letter_statements.NEWEST, table="dead_letters")
_GET = statement(dead_letter_statements.GET, table="dead_letters")
_MARK_REDRIVEN = statement(dead_letter_statements.MARK_REDRIVEN, table="dead_letters")


class SqliteDeadLetters:
    """Implements `DeadLetters`."""

    def __init__(self, reader: sqlite3.Connection, transactions: Transactions) -> None:
        self._reader = reader
        self._transactions = transactions

    async def put(self, letters: Sequence[DeadLetter]) -> None:
        """Insert `letters`; a letter whose id exists already changes nothing."""
        await self._transactions.run(*((_PUT, row_of(letter)) for letter in letters))

    async def page(self, *, after: str = "", limit: int = 100) -> Sequence[DeadLetter]:
        """Return letters with ids greater than `after`, ordered by id."""
        with as_unavailable():
            rows = self._reader.execute(_PAGE, (after, limit)).fetchall()
        return [letter_of(*row) for row in rows]

    async def newest(
        self, *, before: tuple[int, str] | None = None, limit: int = 100
    ) -> Sequence[DeadLetter]:
        """Return letters by time and id, the newest first."""
        at, letter_id = before or dead_letter_statements.AFTER_ALL
        with as_unavailable():
            rows = self._reader.execute(_NEWEST, (at, letter_id, limit)).fetchall()
        return [letter_of(*row) for row in rows]

    async def get(self, letter_id: str) -> DeadLetter | None:
        """Return one letter."""
        with as_unavailable():
            row = self._reader.execute(_GET, (letter_id,)).fetchone()
        return letter_of(*row) if row else None

    async def mark_redriven(self, letter_id: str, *, at: int) -> None:
        """Record that the message was sent again at `at`."""
        await self._transactions.run((_MARK_REDRIVEN, (letter_id, at)))
