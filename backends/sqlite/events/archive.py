"""The events of baton.db as they are stored; views that followed others before are removed."""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from baton.backends.sqlite.database import FolderLock, open_reader
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.events.schema import create
from baton.backends.sqlite.writing.writer_process import open_connection
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Stored
from baton.eventlog.ports.archive import NotEmpty
from baton.eventlog.ports.backend import StoreLocation

_PAGE = """
SELECT rowid, originator_id, originator_version, topic, state FROM stored_events
WHERE rowid > ? ORDER BY rowid LIMIT ?"""
_HEAD = "SELECT coalesce(max(rowid), 0) FROM stored_events"
_INSERT = """
INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state)
VALUES (?, ?, ?, ?, ?)"""
_RESET_FOLLOWERS = "DELETE FROM tracking"


class SqliteArchive:
    """Implements `Archive`."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, owned: ExitStack) -> None:
        """`owned` is closed with it."""
        self._folder = folder
        self._connection = connection
        self._owned = owned

    async def head(self) -> int:
        """Return the position of the newest event, 0 in an empty store."""
        with as_unavailable():
            (position,) = self._connection.execute(_HEAD).fetchone()
        return int(position)

    async def page(self, *, after: int, limit: int) -> Sequence[Stored]:
        """Return up to `limit` events with positions greater than `after`, in order."""
        with as_unavailable():
            return [Stored(*row) for row in self._connection.execute(_PAGE, (after, limit))]

    async def restore(self, batches: Iterable[Sequence[Stored]]) -> None:
        """Put events into an empty store, at their own positions; durable when it returns."""
        with as_unavailable():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                if await self.head():
                    raise NotEmpty
                self._connection.execute(_RESET_FOLLOWERS)
                for batch in batches:
                    self._connection.executemany(_INSERT, batch)
                    await asyncio.sleep(0)  # who wants to stop is heard before it is too late
                for views in self._folder.glob("views.db*"):
                    views.unlink()
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    async def close(self) -> None:
        """Let go of the file."""
        self._owned.close()


async def open_archive(location: StoreLocation) -> SqliteArchive:
    """Return the archive of `location.folder`; raises `InUse` and `Unavailable`."""
    if location.folder is None:
        raise Unavailable("SQLite keeps its data in a folder; none was given")
    path = location.folder / "baton.db"
    with ExitStack() as owned, as_unavailable():
        if location.read_only:
            connection = open_reader(path)
        else:
            connection = await _writing(path, owned)
        owned.callback(connection.close)
        return SqliteArchive(location.folder, connection, owned.pop_all())
    raise AssertionError  # the stack passes exceptions on


async def _writing(path: Path, owned: ExitStack) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = await FolderLock.take(path.parent)
    owned.callback(lock.release)
    create(path)
    return open_connection(str(path), "FULL")
