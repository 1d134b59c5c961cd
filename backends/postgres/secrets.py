"""Encrypted secrets in PostgreSQL."""

from baton.backends.postgres.database import Database, statement
from baton.backends.sql import secret_statements
from baton.eventlog.secret_cipher import SecretCipher

_PUT = statement(secret_statements.PUT, table="baton.secrets")
_GET = statement(secret_statements.GET, table="baton.secrets")


class PostgresSecrets:
    """Implements `Secrets`."""

    def __init__(self, database: Database, cipher: SecretCipher) -> None:
        self._database = database
        self._cipher = cipher

    async def put(self, tenant: str, secret_id: str, value: str) -> None:
        """Encrypt and store `value`, in place of an earlier one."""
        encrypted = self._cipher.encrypt(tenant, secret_id, value)
        await self._database.fetch(_PUT, tenant, secret_id, self._cipher.key_id, encrypted)

    async def get(self, tenant: str, secret_id: str) -> str | None:
        """Return the decrypted value."""
        found = await self._database.look_up(_GET, tenant, secret_id)
        return self._cipher.decrypt(tenant, secret_id, found[0][0]) if found else None
