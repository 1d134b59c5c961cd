"""Sealed secrets as rows."""

import sqlite3

from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.writing.transactions import Transactions
from baton.eventlog.secret_cipher import SecretCipher

_PUT = """
INSERT INTO secrets (tenant, secret_id, key_id, sealed) VALUES (?, ?, ?, ?)
ON CONFLICT (tenant, secret_id) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed"""
_GET = "SELECT sealed FROM secrets WHERE tenant = ? AND secret_id = ?"


class SqliteSecrets:
    """Implements `Secrets`."""

    def __init__(
        self, reader: sqlite3.Connection, transactions: Transactions, cipher: SecretCipher
    ) -> None:
        self._reader = reader
        self._transactions = transactions
        self._cipher = cipher

    async def put(self, tenant: str, secret_id: str, value: str) -> None:
        """Seal and keep `value`; a later one takes its place."""
        sealed = self._cipher.encrypt(tenant, secret_id, value)
        row = (tenant, secret_id, self._cipher.key_id, sealed)
        await self._transactions.run((_PUT, row))

    async def get(self, tenant: str, secret_id: str) -> str | None:
        """Return the value for use."""
        with as_unavailable():
            found = self._reader.execute(_GET, (tenant, secret_id)).fetchone()
        return self._cipher.decrypt(tenant, secret_id, found[0]) if found else None
