"""Opens the stores of a data folder and closes them in order."""

from contextlib import AsyncExitStack
from functools import partial

from baton.backends.sqlite.api_key_uses import SqliteApiKeyUses
from baton.backends.sqlite.artifacts import SqliteArtifacts
from baton.backends.sqlite.checkpoints import SqliteCheckpoints
from baton.backends.sqlite.database import FolderLock, folder_of, open_reader
from baton.backends.sqlite.dead_letters import SqliteDeadLetters
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.events.event_store import SqliteEventStore
from baton.backends.sqlite.events.schema import create
from baton.backends.sqlite.idempotency import SqliteIdempotencyKeys
from baton.backends.sqlite.leaf_store import SqliteLeafStore
from baton.backends.sqlite.leases import SqliteLeases
from baton.backends.sqlite.secrets import SqliteSecrets
from baton.backends.sqlite.views.view_sets import KINDS, SqliteViewSets
from baton.backends.sqlite.writing.transactions import Transactions
from baton.backends.sqlite.writing.writer import Writer
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.eventlog.secret_cipher import SecretCipher


async def open_stores(location: StoreLocation) -> Stores:
    """Return the stores of `location.folder`; raises `InUse` and `Unavailable`."""
    folder = folder_of(location)
    cipher, path = SecretCipher(location.secrets_keys), folder / "baton.db"
    async with AsyncExitStack() as opened:
        keep_open: list[int] = []
        owns = not (location.read_only or (location.beside and path.exists()))
        if owns:
            lock = await FolderLock.acquire(folder)
            opened.callback(lock.release)
            keep_open.append(lock.file)
            with as_unavailable(path):
                create(path)
        with as_unavailable(path):
            reading = open_reader(path)
        opened.callback(reading.close)
        writer = Writer(path, "FULL", keep_open=keep_open, read_only=location.read_only)
        opened.push_async_callback(writer.close)
        transactions = Transactions(writer)
        opened.push_async_callback(transactions.close)
        events = SqliteEventStore(reading, writer)
        opened.push_async_callback(events.close)
        make = partial(SqliteViewSets, location, reading, transactions, keep_open=keep_open)
        sets, history = (_closed_by(opened, make(owner=owns, kind=kind)) for kind in KINDS)
        return Stores(
            events=events,
            log=events.log,
            views=sets.live,
            view_sets=sets,
            history=history.live,
            checkpoints=SqliteCheckpoints(reading, transactions),
            keys=SqliteIdempotencyKeys(transactions),
            leases=SqliteLeases(reading, transactions),
            secrets=SqliteSecrets(reading, transactions, cipher),
            artifacts=SqliteArtifacts(reading, transactions),
            leaves=SqliteLeafStore(reading, transactions, events.recent),
            api_key_uses=SqliteApiKeyUses(reading, transactions),
            dead_letters=SqliteDeadLetters(reading, transactions),
            close=opened.pop_all().aclose,
        )
    raise AssertionError  # unreachable: the stack re-raises exceptions


def _closed_by(opened: AsyncExitStack, sets: SqliteViewSets) -> SqliteViewSets:
    opened.push_async_callback(sets.close)
    return sets
