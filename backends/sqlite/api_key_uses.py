"""Last uses of API keys in SQLite."""

import sqlite3
from collections.abc import Mapping

from baton.backends.sql import api_key_use_statements
from baton.backends.sqlite.database import statement
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.writing.transactions import Transactions

_RECORD = statement(api_key_use_statements.RECORD, table="api_key_uses")
_LAST = statement(api_key_use_statements.LAST, table="api_key_uses")


class SqliteApiKeyUses:
    """Implements `ApiKeyUses`."""

    def __init__(self, reader: sqlite3.Connection, transactions: Transactions) -> None:
        self._reader = reader
        self._transactions = transactions

    async def record(self, used_at: Mapping[str, int]) -> None:
        """Record uses, unless later ones are known."""
        if used_at:
            await self._transactions.run(*((_RECORD, use) for use in used_at.items()))

    async def last(self) -> Mapping[str, int]:
        """Return the last use of every key."""
        with as_unavailable():
            return dict(self._reader.execute(_LAST).fetchall())
