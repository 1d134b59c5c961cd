"""A PostgreSQL database that any number of processes share: events, views and all beside them."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from baton.backends.postgres.checkpoints import PostgresCheckpoints
from baton.backends.postgres.database import open_database
from baton.backends.postgres.dead_letters import PostgresDeadLetters
from baton.backends.postgres.events.appender import Appender
from baton.backends.postgres.events.archive import open_archive
from baton.backends.postgres.events.event_store import PostgresEventStore
from baton.backends.postgres.events.outbox import PostgresOutbox
from baton.backends.postgres.idempotency import PostgresIdempotencyKeys
from baton.backends.postgres.leases import PostgresLeases
from baton.backends.postgres.schema import check_version, migrate
from baton.backends.postgres.secrets import PostgresSecrets
from baton.backends.postgres.views.view_store import PostgresViewStore
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.backend import Backend, StoreLocation, Stores
from baton.eventlog.secret_cipher import SecretCipher

__all__ = ["BACKEND", "migrate"]


_NO_ADDRESS = "PostgreSQL is found by its address, postgresql://…; none was given"


async def _open(location: StoreLocation) -> Stores:
    if location.url is None:
        raise Unavailable(_NO_ADDRESS)
    cipher = SecretCipher(location.secrets_key)
    async with AsyncExitStack() as opened:
        database = await open_database(location.url, read_only=location.read_only)
        opened.push_async_callback(database.close)
        await check_version(database)
        appender = Appender(location.url, read_only=location.read_only)
        events = PostgresEventStore(database, appender, followed=location.followed)
        opened.push_async_callback(events.close)
        views = PostgresViewStore(database)
        opened.push_async_callback(views.close)
        outbox = PostgresOutbox(location.url)
        opened.push_async_callback(outbox.close)
        return Stores(
            events=events,
            log=events.log,
            views=views,
            checkpoints=PostgresCheckpoints(database),
            keys=PostgresIdempotencyKeys(database),
            leases=PostgresLeases(database),
            secrets=PostgresSecrets(database, cipher),
            dead_letters=PostgresDeadLetters(database),
            view_progress=views,
            outbox=outbox,
            close=opened.pop_all().aclose,
        )
    raise AssertionError  # the stack passes exceptions on


async def _migrate(location: StoreLocation) -> Sequence[str]:
    if location.url is None:
        raise Unavailable(_NO_ADDRESS)
    return await migrate(location.url)


BACKEND = Backend(
    name="postgres",
    capabilities=frozenset(("durable", "shared")),
    open=_open,
    migrate=_migrate,
    open_archive=open_archive,
)
