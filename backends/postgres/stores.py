"""Opens the stores of a PostgreSQL database and closes them in order."""

from contextlib import AsyncExitStack

from baton.backends.postgres.api_key_uses import PostgresApiKeyUses
from baton.backends.postgres.artifacts import PostgresArtifacts
from baton.backends.postgres.checkpoints import PostgresCheckpoints
from baton.backends.postgres.database import open_database, url_of
from baton.backends.postgres.dead_letters import PostgresDeadLetters
from baton.backends.postgres.events.appender import Appender
from baton.backends.postgres.events.event_store import PostgresEventStore
from baton.backends.postgres.events.outbox import PostgresOutbox
from baton.backends.postgres.function_directory import PostgresFunctionDirectory
from baton.backends.postgres.idempotency import PostgresIdempotencyKeys
from baton.backends.postgres.leaf_store import PostgresLeafStore
from baton.backends.postgres.leases import PostgresLeases
from baton.backends.postgres.schema import check_version
from baton.backends.postgres.secrets import PostgresSecrets
from baton.backends.postgres.views.view_sets import PostgresViewSets
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.eventlog.secret_cipher import SecretCipher


async def open_stores(location: StoreLocation) -> Stores:
    """Return the stores of the database at `location.url`; raises `Unavailable`."""
    url = url_of(location)
    cipher = SecretCipher(location.secrets_keys)
    async with AsyncExitStack() as opened:
        database = await open_database(url, read_only=location.read_only)
        opened.push_async_callback(database.close)
        await check_version(database)
        appender = Appender(url, read_only=location.read_only)
        events = PostgresEventStore(database, appender, followed=location.followed)
        opened.push_async_callback(events.close)
        sets = PostgresViewSets(database)
        opened.push_async_callback(sets.close)
        history = PostgresViewSets(database, kind="history")
        opened.push_async_callback(history.close)
        outbox = PostgresOutbox(url)
        opened.push_async_callback(outbox.close)
        return Stores(
            events=events,
            commits=events.commits,
            log=events.log,
            whole_log=None if location.followed is None else events.whole_log,
            views=sets.live,
            view_sets=sets,
            history=history.live,
            histories=history,
            checkpoints=PostgresCheckpoints(database),
            keys=PostgresIdempotencyKeys(database),
            leases=PostgresLeases(database),
            secrets=PostgresSecrets(database, cipher),
            artifacts=PostgresArtifacts(database),
            leaves=PostgresLeafStore(database),
            api_key_uses=PostgresApiKeyUses(database),
            dead_letters=PostgresDeadLetters(database),
            view_progress=sets,
            history_progress=history,
            outbox=outbox,
            functions=PostgresFunctionDirectory(database),
            close=opened.pop_all().aclose,
        )
    raise AssertionError  # unreachable: the stack re-raises exceptions
