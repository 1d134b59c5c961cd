"""Dead letters as rows."""

import sqlite3
from collections.abc import Sequence

from baton.backends.sql.dead_letter_rows import COLUMNS, letter_of, row_of
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.writing.transactions import Transactions
from baton.eventlog.ports.dead_letters import DeadLetter

_PUT = f"""
INSERT INTO dead_letters ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (letter_id) DO NOTHING"""  # noqa: S608 - constants
_PAGE = f"SELECT {COLUMNS} FROM dead_letters WHERE letter_id > ? ORDER BY letter_id LIMIT ?"  # noqa: S608 - as above
_GET = f"SELECT {COLUMNS} FROM dead_letters WHERE letter_id = ?"  # noqa: S608 - as above
_REDRIVEN = "UPDATE dead_letters SET redriven_at = ? WHERE letter_id = ?"


class SqliteDeadLetters:
    """Implements `DeadLetters`."""

    def __init__(self, reader: sqlite3.Connection, transactions: Transactions) -> None:
        self._reader = reader
        self._transactions = transactions

    async def put(self, letters: Sequence[DeadLetter]) -> None:
        """Keep `letters`; one whose id is known changes nothing."""
        await self._transactions.run(*((_PUT, row_of(letter)) for letter in letters))

    async def page(self, *, after: str = "", limit: int = 100) -> Sequence[DeadLetter]:
        """Return letters with ids behind `after`, in order of their ids."""
        with as_unavailable():
            found = self._reader.execute(_PAGE, (after, limit)).fetchall()
        return [letter_of(*row) for row in found]

    async def get(self, letter_id: str) -> DeadLetter | None:
        """Return one letter."""
        with as_unavailable():
            found = self._reader.execute(_GET, (letter_id,)).fetchone()
        return letter_of(*found) if found else None

    async def mark_redriven(self, letter_id: str, *, at: int) -> None:
        """Note that the message was sent again."""
        await self._transactions.run((_REDRIVEN, (at, letter_id)))
