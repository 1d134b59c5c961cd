"""Checkpoints in PostgreSQL, as the eventsourcing library's tracking records."""

from baton.backends.postgres.database import Database, statement
from baton.backends.sql import checkpoint_statements

_TABLE = "public.notification_tracking"
_LOAD = statement(checkpoint_statements.LOAD, table=_TABLE)
_SAVE = statement(checkpoint_statements.SAVE, table=_TABLE)


class PostgresCheckpoints:
    """Implements `Checkpoints`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, name: str) -> int:
        """Return the saved position, 0 when there is none."""
        rows = await self._database.fetch(_LOAD, name)
        return int(rows[0][0]) if rows else 0

    async def save(self, name: str, position: int) -> None:
        """Save `position`, unless a greater one is saved."""
        await self._database.fetch(_SAVE, name, position)
