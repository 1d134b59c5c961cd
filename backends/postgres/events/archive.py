"""Exports and imports the events of a database as they are stored.

An import is a COPY in one transaction, which locks out every appender until it ends. Followers
start again from the first event.
"""

from collections.abc import Iterable, Sequence

from baton.backends.postgres.artifacts import GET, PUT_OWNER, PUT_VALUE
from baton.backends.postgres.database import (
    Connection,
    Database,
    close_connection,
    connect_to_write,
    open_database,
    url_of,
)
from baton.backends.postgres.errors import as_unavailable
from baton.backends.postgres.events.statements import EVENTS
from baton.backends.postgres.schema import check_version, migrate
from baton.backends.postgres.views.catalog import FORGET_SETS
from baton.backends.sql.leaf_statements import forget_tree
from baton.eventlog.errors import InUse, Unavailable
from baton.eventlog.events.artifact_hashes import required
from baton.eventlog.events.envelope import Stored, StoredArtifact
from baton.eventlog.ports.archive import NotEmpty
from baton.eventlog.ports.backend import StoreLocation

_COLUMNS = ("notification_id", "originator_id", "originator_version", "topic", "state")

# The locks that baton.append takes, in the same order; an import may be idle in between.
_LOCK_APPENDS = """
SET LOCAL idle_in_transaction_session_timeout = 0;
SELECT pg_advisory_xact_lock(1650553967, 1);
LOCK TABLE public.stored_events IN EXCLUSIVE MODE"""
_ACTIVE_LEASE = """
SELECT name FROM baton.leases
WHERE holder <> '' AND expires_at > 1000 * extract(epoch FROM clock_timestamp()) LIMIT 1"""
_RESET_FOLLOWERS = f"""
DELETE FROM public.notification_tracking WHERE application_name <> '__migration__';
{FORGET_SETS}
{";".join(forget_tree("baton."))}"""  # noqa: S608 - constants
_ADVANCE_SEQUENCE = """
SELECT setval('public.stored_events_notification_id_seq', max(notification_id)),
    pg_notify('stored_events', max(notification_id)::text)
FROM public.stored_events HAVING count(*) > 0"""


class PostgresArchive:
    """Implements `Archive`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def head(self) -> int:
        """Return the position of the newest event, 0 in an empty store."""
        ((position,),) = await self._database.fetch(EVENTS.head)
        return int(position)

    async def page(self, *, after: int, limit: int) -> Sequence[Stored]:
        """Return up to `limit` events with positions greater than `after`, in order."""
        return [Stored(*row) for row in await self._database.fetch(EVENTS.page, after, limit)]

    async def artifact(self, tenant: str, sha256: str) -> bytes:
        """Return the value of an artifact."""
        rows = await self._database.fetch(GET, sha256, tenant)
        return required(tenant, sha256, rows[0][0] if rows else None)

    async def restore(self, batches: Iterable[Sequence[Stored | StoredArtifact]]) -> None:
        """Insert events into an empty store at their own positions; durable when it returns."""
        if self._database.read_only:
            raise Unavailable("this was opened for reading only")
        connection = await connect_to_write(self._database.url)
        try:
            with as_unavailable():
                async with connection.transaction():
                    await _lock_empty_store(connection)
                    for batch in batches:
                        await _insert(connection, batch)
                    await connection.execute(_ADVANCE_SEQUENCE)
        finally:
            await close_connection(connection)

    async def close(self) -> None:
        """Close the connection."""
        await self._database.close()


async def open_archive(location: StoreLocation) -> PostgresArchive:
    """Return the archive of the database at `location.url`; raises `Unavailable`."""
    url = url_of(location)
    if not location.read_only:
        await migrate(url)
    database = await open_database(url, read_only=location.read_only, single=True)
    try:
        await check_version(database)
    except BaseException:
        await database.close()
        raise
    return PostgresArchive(database)


async def _insert(connection: Connection, batch: Sequence[Stored | StoredArtifact]) -> None:
    await connection.copy_records_to_table(
        "stored_events",
        schema_name="public",
        columns=_COLUMNS,
        records=[record for record in batch if isinstance(record, Stored)],
    )
    for record in batch:
        if isinstance(record, StoredArtifact):
            await connection.execute(PUT_VALUE, record.sha256, record.raw)
            await connection.execute(PUT_OWNER, record.sha256, record.tenant)


async def _lock_empty_store(connection: Connection) -> None:
    """Lock out appenders, check that the store is empty and unused, and reset its followers."""
    await connection.execute(_LOCK_APPENDS)
    if (role := await connection.fetchval(_ACTIVE_LEASE)) is not None:
        raise InUse(f"the database is in use: a {role} holds a lease")
    if await connection.fetchval(EVENTS.head):
        raise NotEmpty
    await connection.execute(_RESET_FOLLOWERS)
