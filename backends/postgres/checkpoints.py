"""Named places in the log, as the eventsourcing library's tracking records."""

from baton.backends.postgres.database import Database

_LOAD = "SELECT notification_id FROM public.notification_tracking WHERE application_name = $1"
_SAVE = """
INSERT INTO public.notification_tracking AS saved VALUES ($1, $2)
ON CONFLICT (application_name) DO UPDATE SET notification_id = excluded.notification_id
WHERE saved.notification_id < excluded.notification_id"""


class PostgresCheckpoints:
    """Implements `Checkpoints`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, name: str) -> int:
        """Return the saved position, 0 when there is none."""
        found = await self._database.fetch(_LOAD, name)
        return int(found[0][0]) if found else 0

    async def save(self, name: str, position: int) -> None:
        """Remember `position`; a lower one than saved is ignored."""
        await self._database.fetch(_SAVE, name, position)
