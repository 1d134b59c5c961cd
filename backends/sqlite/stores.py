"""Opens the stores of a data folder and closes them in order."""

from contextlib import AsyncExitStack
from functools import partial
from typing import Protocol, TypeVar

from baton.backends.sqlite.api_key_uses import SqliteApiKeyUses
from baton.backends.sqlite.artifacts import SqliteArtifacts
from baton.backends.sqlite.checkpoints import SqliteCheckpoints
from baton.backends.sqlite.database import FolderLock, folder_of, open_reader
from baton.backends.sqlite.dead_letters import SqliteDeadLetters
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.events.event_store import SqliteEventStore
from baton.backends.sqlite.events.schema import create
from baton.backends.sqlite.idempotency import SqliteIdempotencyKeys
from baton.backends.sqlite.leases import SqliteLeases
from baton.backends.sqlite.leaves.deriver import LeafDeriver
from baton.backends.sqlite.leaves.store import SqliteLeafStore
from baton.backends.sqlite.secrets import SqliteSecrets
from baton.backends.sqlite.views.view_sets import KINDS, SqliteViewSets
from baton.backends.sqlite.writing.transactions import Transactions
from baton.backends.sqlite.writing.writer import Writer
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.eventlog.secret_cipher import SecretCipher


class _Closing(Protocol):
    async def close(self) -> None: ...


Closed = TypeVar("Closed", bound=_Closing)


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
        made = Writer(path, "FULL", keep_open=keep_open, read_only=location.read_only)
        writer = _closed_by(opened, made)
        transactions = _closed_by(opened, Transactions(writer))
        events = _closed_by(opened, SqliteEventStore(reading, writer))
        make = partial(SqliteViewSets, location, reading, transactions, keep_open=keep_open)
        deriver = _closed_by(opened, LeafDeriver(path))
        sets, history = (_closed_by(opened, make(owner=owns, kind=kind)) for kind in KINDS)
        return Stores(
            events=events,
            commits=events.commits,
            log=events.log,
            views=sets.live,
            view_sets=sets,
            history=history.live,
            histories=history,
            checkpoints=SqliteCheckpoints(reading, transactions),
            keys=SqliteIdempotencyKeys(transactions),
            leases=SqliteLeases(reading, transactions),
            secrets=SqliteSecrets(reading, transactions, cipher),
            artifacts=SqliteArtifacts(reading, transactions),
            leaves=SqliteLeafStore(reading, transactions, deriver),
            api_key_uses=SqliteApiKeyUses(reading, transactions),
            dead_letters=SqliteDeadLetters(reading, transactions),
            close=opened.pop_all().aclose,
        )
    raise AssertionError  # unreachable: the stack re-raises exceptions


def _closed_by(opened: AsyncExitStack, part: Closed) -> Closed:
    opened.push_async_callback(part.close)
    return part
