"""Sealed secrets as rows."""

from baton.backends.postgres.database import Database
from baton.eventlog.secret_cipher import SecretCipher

_PUT = """
INSERT INTO baton.secrets (tenant, secret_id, key_id, sealed) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, secret_id) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed"""
_GET = "SELECT sealed FROM baton.secrets WHERE tenant = $1 AND secret_id = $2"


class PostgresSecrets:
    """Implements `Secrets`."""

    def __init__(self, database: Database, cipher: SecretCipher) -> None:
        self._database = database
        self._cipher = cipher

    async def put(self, tenant: str, secret_id: str, value: str) -> None:
        """Seal and keep `value`; a later one takes its place."""
        sealed = self._cipher.encrypt(tenant, secret_id, value)
        await self._database.fetch(_PUT, tenant, secret_id, self._cipher.key_id, sealed)

    async def get(self, tenant: str, secret_id: str) -> str | None:
        """Return the value for use."""
        found = await self._database.look_up(_GET, tenant, secret_id)
        return self._cipher.decrypt(tenant, secret_id, found[0][0]) if found else None
