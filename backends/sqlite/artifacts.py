"""Artifacts in SQLite."""

import sqlite3

from baton.backends.sql import artifact_statements
from baton.backends.sqlite.database import statement
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.writing.transactions import Transactions
from baton.eventlog.events.artifact_hashes import require_hash, verified

PUT_VALUE = statement(artifact_statements.PUT_VALUE, table="")
PUT_OWNER = statement(artifact_statements.PUT_OWNER, table="")
GET = statement(artifact_statements.GET, table="")


class SqliteArtifacts:
    """Implements `Artifacts`."""

    def __init__(self, reader: sqlite3.Connection, transactions: Transactions) -> None:
        self._reader = reader
        self._transactions = transactions

    async def put(self, tenant: str, sha256: str, raw: bytes) -> None:
        """Store a value and make `tenant` an owner."""
        require_hash(sha256, raw)
        await self._transactions.run((PUT_VALUE, (sha256, raw)), (PUT_OWNER, (sha256, tenant)))

    async def get(self, tenant: str, sha256: str) -> bytes | None:
        """Return a value that `tenant` owns."""
        with as_unavailable():
            row = self._reader.execute(GET, (sha256, tenant)).fetchone()
        return verified(sha256, row[0] if row else None)
