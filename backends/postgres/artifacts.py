"""Artifacts in PostgreSQL."""

from baton.backends.postgres.database import Database, statement
from baton.backends.sql import artifact_statements
from baton.eventlog.events.artifact_hashes import require_hash, verified

PUT_VALUE = statement(artifact_statements.PUT_VALUE, table="baton.")
PUT_OWNER = statement(artifact_statements.PUT_OWNER, table="baton.")
GET = statement(artifact_statements.GET, table="baton.")


class PostgresArtifacts:
    """Implements `Artifacts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, tenant: str, sha256: str, raw: bytes) -> None:
        """Store a value and make `tenant` an owner."""
        require_hash(sha256, raw)
        async with self._database.transaction() as connection:
            await connection.execute(PUT_VALUE, sha256, raw)
            await connection.execute(PUT_OWNER, sha256, tenant)

    async def get(self, tenant: str, sha256: str) -> bytes | None:
        """Return a value that `tenant` owns."""
        rows = await self._database.look_up(GET, sha256, tenant)
        return verified(sha256, rows[0][0] if rows else None)
