"""Exports and imports the events of baton.db as they are stored."""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from baton.backends.sql.leaf_statements import forget_tree
from baton.backends.sqlite.artifacts import GET, PUT_OWNER, PUT_VALUE
from baton.backends.sqlite.database import FolderLock, folder_of, open_reader
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.events.recorder import EVENTS
from baton.backends.sqlite.events.schema import create
from baton.backends.sqlite.writing.writer_process import open_connection
from baton.eventlog.events.artifact_hashes import required
from baton.eventlog.events.envelope import Stored, StoredArtifact
from baton.eventlog.ports.archive import NotEmpty
from baton.eventlog.ports.backend import StoreLocation

_INSERT = """
INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state)
VALUES (?, ?, ?, ?, ?)"""
_RESET_FOLLOWERS = ("DELETE FROM tracking", "DELETE FROM view_sets", *forget_tree(""))


class SqliteArchive:
    """Implements `Archive`."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, owned: ExitStack) -> None:
        """`owned` closes the connection and releases the lock; `close` calls it."""
        self._folder = folder
        self._connection = connection
        self._owned = owned

    async def head(self) -> int:
        """Return the position of the newest event, 0 in an empty store."""
        with as_unavailable():
            (position,) = self._connection.execute(EVENTS.head).fetchone()
        return int(position)

    async def page(self, *, after: int, limit: int) -> Sequence[Stored]:
        """Return up to `limit` events with positions greater than `after`, in order."""
        with as_unavailable():
            return [Stored(*row) for row in self._connection.execute(EVENTS.page, (after, limit))]

    async def artifact(self, tenant: str, sha256: str) -> bytes:
        """Return the value of an artifact."""
        with as_unavailable():
            row = self._connection.execute(GET, (sha256, tenant)).fetchone()
        return required(tenant, sha256, row[0] if row else None)

    async def restore(self, batches: Iterable[Sequence[Stored | StoredArtifact]]) -> None:
        """Insert events into an empty store at their own positions; durable when it returns.

        Views and checkpoints that followed other events are deleted.
        """
        with as_unavailable():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                if await self.head():
                    raise NotEmpty
                for reset in _RESET_FOLLOWERS:
                    self._connection.execute(reset)
                for batch in batches:
                    self._insert(batch)
                    await asyncio.sleep(0)  # a cancellation takes effect before the COMMIT
                for name in ("views-*.db*", "history-*.db*"):
                    for views in self._folder.glob(name):
                        views.unlink()
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _insert(self, batch: Sequence[Stored | StoredArtifact]) -> None:
        events = [record for record in batch if isinstance(record, Stored)]
        artifacts = [record for record in batch if isinstance(record, StoredArtifact)]
        values = [(artifact.sha256, artifact.raw) for artifact in artifacts]
        owners = [(artifact.sha256, artifact.tenant) for artifact in artifacts]
        for inserting, rows in ((_INSERT, events), (PUT_VALUE, values), (PUT_OWNER, owners)):
            self._connection.executemany(inserting, rows)

    async def close(self) -> None:
        """Close the file and release the folder's lock."""
        self._owned.close()


async def open_archive(location: StoreLocation) -> SqliteArchive:
    """Return the archive of `location.folder`; raises `InUse` and `Unavailable`."""
    folder = folder_of(location)
    path = folder / "baton.db"
    with ExitStack() as owned, as_unavailable(path):
        if location.read_only:
            connection = open_reader(path)
        else:
            connection = await _open_writable(path, owned)
        owned.callback(connection.close)
        return SqliteArchive(folder, connection, owned.pop_all())
    raise AssertionError  # unreachable: the stack re-raises exceptions


async def _open_writable(path: Path, owned: ExitStack) -> sqlite3.Connection:
    lock = await FolderLock.acquire(path.parent)
    owned.callback(lock.release)
    create(path)
    return open_connection(str(path), "FULL")
