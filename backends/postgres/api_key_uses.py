"""Last uses of API keys in PostgreSQL."""

from collections.abc import Mapping

from baton.backends.postgres.database import Database, statement
from baton.backends.sql import api_key_use_statements

_TABLE = "baton.api_key_uses"
_RECORD = f"""
INSERT INTO {_TABLE} AS known (key_id, used_at) SELECT * FROM unnest($1::text[], $2::bigint[])
ON CONFLICT (key_id) DO UPDATE SET used_at = excluded.used_at
WHERE known.used_at < excluded.used_at"""  # noqa: S608 - a constant
_LAST = statement(api_key_use_statements.LAST, table=_TABLE)


class PostgresApiKeyUses:
    """Implements `ApiKeyUses`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, used_at: Mapping[str, int]) -> None:
        """Record uses, unless later ones are known."""
        if used_at:
            ordered = sorted(used_at.items())  # processes lock rows in one order
            keys, times = zip(*ordered, strict=True)
            await self._database.fetch(_RECORD, keys, times)

    async def last(self) -> Mapping[str, int]:
        """Return the last use of every key."""
        return {row[0]: row[1] for row in await self._database.fetch(_LAST)}
