"""Opens the stores of a data folder and closes them in order."""

import sqlite3
import sys
from contextlib import AsyncExitStack
from importlib.resources import files
from pathlib import Path

from backends.sqlite.checkpoints import SqliteCheckpoints
from backends.sqlite.database import Datastore, FolderLock, Writer, reader
from backends.sqlite.errors import as_unavailable
from backends.sqlite.event_store import SqliteEventStore
from backends.sqlite.idempotency import SqliteIdempotencyKeys
from backends.sqlite.leases import SqliteLeases
from backends.sqlite.recorder import SqliteRecorder
from backends.sqlite.secrets import SqliteSecrets
from backends.sqlite.transactions import Transactions
from backends.sqlite.view_store import open_views
from eventlog.backend import Place, Stores
from eventlog.errors import Unavailable
from eventlog.sealing import Sealer

SWITCH_INTERVAL = 0.0005
"""Seconds after which a busy thread lets another run.

A writer thread waits for the interpreter several times in each commit, and begins to wait anew
whenever the event loop lets go of it for a moment: with Python's 5 ms, commits can starve for
seconds. At 10 µs the operating system's timers (about 60 µs) bound the wait.
"""

# A claim without an answer was made by a process that is gone: only one has the folder.
_ABANDONED = "DELETE FROM idempotency_keys WHERE status IS NULL"


async def open_stores(place: Place) -> Stores:
    """Return the stores of `place.folder`; raises `InUse` and `Unavailable`."""
    if place.folder is None:
        raise Unavailable("SQLite keeps its data in a folder; none was given")
    sealer = Sealer(place.sealing_key)
    async with AsyncExitStack() as opened:
        if not place.read_only:
            opened.callback(FolderLock(place.folder).release)
        path = place.folder / "baton.db"
        recorder, writer = await _writing(path, opened, read_only=place.read_only)
        reading = await _reading(path, opened)
        transactions = Transactions(recorder.datastore, writer)
        opened.push_async_callback(transactions.close)
        events = SqliteEventStore(reading, writer, recorder)
        opened.push_async_callback(events.close)
        views = open_views(place.folder / "views.db", read_only=place.read_only)
        opened.push_async_callback(views.close)
        sys.setswitchinterval(min(SWITCH_INTERVAL, sys.getswitchinterval()))
        return Stores(
            events=events,
            log=events.log,
            views=views,
            checkpoints=SqliteCheckpoints(reading, transactions, recorder),
            keys=SqliteIdempotencyKeys(transactions),
            leases=SqliteLeases(transactions),
            secrets=SqliteSecrets(reading, transactions, sealer),
            close=opened.pop_all().aclose,
        )
    raise AssertionError  # the stack passes exceptions on


async def _writing(
    path: Path, opened: AsyncExitStack, *, read_only: bool
) -> tuple[SqliteRecorder, Writer]:
    datastore = Datastore(path)
    opened.callback(datastore.close)
    recorder = SqliteRecorder(datastore)
    writer = Writer("baton-events", read_only=read_only)
    opened.push_async_callback(writer.close)
    if not read_only:
        with as_unavailable():
            await writer.run(lambda: _create(recorder))
    return recorder, writer


def _create(recorder: SqliteRecorder) -> None:
    recorder.create_table()
    schema = files("backends.sqlite").joinpath("schema.sql").read_text(encoding="utf-8")
    with recorder.datastore.transaction(commit=True) as cursor:
        for statement in schema.split(";"):
            cursor.execute(statement)
        cursor.execute(_ABANDONED)


async def _reading(path: Path, opened: AsyncExitStack) -> sqlite3.Connection:
    with as_unavailable():
        connection = reader(path)
    opened.callback(connection.close)
    return connection
