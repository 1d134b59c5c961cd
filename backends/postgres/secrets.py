"""Encrypted secrets in PostgreSQL."""

from baton.backends.postgres.database import Database, open_database, statement, url_of
from baton.backends.postgres.schema import check_version
from baton.backends.sql import secret_statements
from baton.eventlog.ports.backend import StoreLocation
from baton.eventlog.ports.secrets import Resealed
from baton.eventlog.secret_cipher import Sealed, SecretCipher, moves_to_newest

_PUT = statement(secret_statements.PUT, table="baton.secrets")
_GET = statement(secret_statements.GET, table="baton.secrets")
_FORGET = statement(secret_statements.FORGET, table="baton.secrets")
_OF_OTHER_KEYS = statement(secret_statements.OF_OTHER_KEYS, table="baton.secrets")
_MOVE = statement(secret_statements.MOVE, table="baton.secrets")


class PostgresSecrets:
    """Implements `Secrets`."""

    def __init__(self, database: Database, cipher: SecretCipher) -> None:
        self._database = database
        self._cipher = cipher

    async def put(self, tenant: str, secret_id: str, value: str) -> None:
        """Encrypt and store `value`, replacing an earlier one."""
        sealed = self._cipher.seal(tenant, secret_id, value)
        await self._database.fetch(_PUT, tenant, secret_id, sealed.key_id, sealed.encrypted)

    async def get(self, tenant: str, secret_id: str) -> str | None:
        """Return the decrypted value."""
        rows = await self._database.look_up(_GET, tenant, secret_id)
        return self._cipher.open(tenant, secret_id, Sealed(*rows[0])) if rows else None

    async def forget(self, tenant: str, secret_id: str) -> None:
        """Delete a value."""
        await self._database.fetch(_FORGET, tenant, secret_id)

    async def reseal(self) -> Resealed:
        """Encrypt every secret with the newest key."""
        rows = await self._database.fetch(_OF_OTHER_KEYS, self._cipher.key_id)
        moves, unreadable = moves_to_newest(self._cipher, [tuple(row) for row in rows])
        moved = 0
        for move in moves:
            moved += len(await self._database.fetch(_MOVE + " RETURNING 1", *move))
        return Resealed(moved=moved, unreadable=unreadable)


async def reseal(location: StoreLocation) -> Resealed:
    """Encrypt every secret of a database with its newest key; raises `Unavailable`."""
    database = await open_database(url_of(location), read_only=location.read_only)
    try:
        await check_version(database)
        return await PostgresSecrets(database, SecretCipher(location.secrets_keys)).reseal()
    finally:
        await database.close()
