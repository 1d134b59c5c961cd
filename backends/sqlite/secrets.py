"""Encrypted secrets in SQLite."""

import sqlite3
from contextlib import closing

from baton.backends.sql import secret_statements
from baton.backends.sqlite.database import folder_of, statement
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.writing.transactions import Transactions
from baton.backends.sqlite.writing.writer_process import open_connection
from baton.eventlog.ports.backend import StoreLocation
from baton.eventlog.ports.secrets import Resealed
from baton.eventlog.secret_cipher import Sealed, SecretCipher, moves_to_newest

_PUT = statement(secret_statements.PUT, table="secrets")
_GET = statement(secret_statements.GET, table="secrets")
_FORGET = statement(secret_statements.FORGET, table="secrets")
_OF_OTHER_KEYS = statement(secret_statements.OF_OTHER_KEYS, table="secrets")
_MOVE = statement(secret_statements.MOVE, table="secrets")


class SqliteSecrets:
    """Implements `Secrets`."""

    def __init__(
        self, reader: sqlite3.Connection, transactions: Transactions, cipher: SecretCipher
    ) -> None:
        self._reader = reader
        self._transactions = transactions
        self._cipher = cipher

    async def put(self, tenant: str, secret_id: str, value: str) -> None:
        """Encrypt and store `value`, replacing an earlier one."""
        sealed = self._cipher.seal(tenant, secret_id, value)
        row = (tenant, secret_id, sealed.key_id, sealed.encrypted)
        await self._transactions.run((_PUT, row))

    async def get(self, tenant: str, secret_id: str) -> str | None:
        """Return the decrypted value."""
        with as_unavailable():
            row = self._reader.execute(_GET, (tenant, secret_id)).fetchone()
        return self._cipher.open(tenant, secret_id, Sealed(*row)) if row else None

    async def forget(self, tenant: str, secret_id: str) -> None:
        """Delete a value."""
        await self._transactions.run((_FORGET, (tenant, secret_id)))


async def reseal(location: StoreLocation) -> Resealed:
    """Encrypt every secret of a folder with its newest key; other processes may write meanwhile.

    Raises `Unavailable`.
    """
    path, cipher = folder_of(location) / "baton.db", SecretCipher(location.secrets_keys)
    with as_unavailable(path), closing(open_connection(str(path), "FULL")) as connection:
        rows = connection.execute(_OF_OTHER_KEYS, (cipher.key_id,)).fetchall()
        moves, unreadable = moves_to_newest(cipher, rows)
        moved = sum(connection.execute(_MOVE, move).rowcount for move in moves)
    return Resealed(moved=moved, unreadable=unreadable)
