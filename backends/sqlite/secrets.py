"""Encrypted secrets in SQLite."""

import sqlite3

from baton.backends.sql import secret_statements
from baton.backends.sqlite.database import statement
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.writing.transactions import Transactions
from baton.eventlog.secret_cipher import SecretCipher

_PUT = statement(secret_statements.PUT, table="secrets")
_GET = statement(secret_statements.GET, table="secrets")


class SqliteSecrets:
    """Implements `Secrets`."""

    def __init__(
        self, reader: sqlite3.Connection, transactions: Transactions, cipher: SecretCipher
    ) -> None:
        self._reader = reader
        self._transactions = transactions
        self._cipher = cipher

    async def put(self, tenant: str, secret_id: str, value: str) -> None:
        """Encrypt and store `value`, in place of an earlier one."""
        encrypted = self._cipher.encrypt(tenant, secret_id, value)
        row = (tenant, secret_id, self._cipher.key_id, encrypted)
        await self._transactions.run((_PUT, row))

    async def get(self, tenant: str, secret_id: str) -> str | None:
        """Return the decrypted value."""
        with as_unavailable():
            found = self._reader.execute(_GET, (tenant, secret_id)).fetchone()
        return self._cipher.decrypt(tenant, secret_id, found[0]) if found else None
