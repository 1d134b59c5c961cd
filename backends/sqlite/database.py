"""Connections to a database file, the thread that writes to it, and the lock on its folder.

A write-ahead log lets readers go on beside one writer. The eventsourcing library opens the writing
connection; its transactions begin at once as writers, for a deferred one that reads first can fail.
"""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal, TypeVar

from eventsourcing.persistence import PersistenceError
from eventsourcing.sqlite import (
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteTransaction,
)

from eventlog.errors import InUse, Unavailable

T = TypeVar("T")

BUSY_MS = 5_000
CACHED_STATEMENTS = 16  # one of 2,000 rows takes half a megabyte
Synchronous = Literal["FULL", "NORMAL"]


class Writer:
    """The one thread that writes to a database, if it may be written."""

    def __init__(self, name: str, *, read_only: bool = False) -> None:
        self._read_only = read_only
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, act: Callable[[], T]) -> T:
        """Return what `act` returns on that thread; raises `Unavailable` when it may not."""
        if self._read_only:
            raise Unavailable("this was opened for reading only")
        return await asyncio.get_running_loop().run_in_executor(self._thread, act)

    async def close(self) -> None:
        """Finish what was accepted."""
        await shut_down(self._thread)


async def shut_down(thread: ThreadPoolExecutor) -> None:
    """Wait until a thread has done its work, also when cancelled.

    Closing a connection that a thread is using would crash the process.
    """
    try:
        await asyncio.to_thread(thread.shutdown)
    finally:
        thread.shutdown()


class FolderLock:
    """The right to write into a folder, for as long as the process lives or until `release`."""

    def __init__(self, folder: Path) -> None:
        """Raises `InUse` while another process has it, and `Unavailable`."""
        path = folder / "lock"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unavailable(f"{folder} can't be written: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._file, 20).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise InUse(f"{folder} is in use by another Baton process (pid {holder})") from error
        os.truncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let others write."""
        os.close(self._file)


def reader(path: Path) -> sqlite3.Connection:
    """Return a connection that can't write; it shows what is committed when a statement begins."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_MS / 1000,
        cached_statements=CACHED_STATEMENTS,
    )
    connection.execute("PRAGMA cache_size = -16384")
    return connection


def tune(connection: sqlite3.Connection, synchronous: Synchronous) -> None:
    """Make a writing connection durable (FULL) or quick (NORMAL: may lose its newest commits)."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    connection.execute("PRAGMA cache_size = -32768")


class Datastore(SQLiteDatastore):
    """The library's datastore with text ids, durable commits and transactions begun to write."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), originator_id_type="text")
        self.pool = _Pool(db_name=path.absolute().as_uri(), lock_timeout=BUSY_MS // 1000)

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """Yield a cursor inside a transaction that is committed at the end, or rolled back."""
        with (
            self.get_connection(commit=commit) as connection,
            _Transaction(connection, commit=commit) as cursor,
            cursor,
        ):
            yield cursor


class _Pool(SQLiteConnectionPool):
    def _create_connection(self) -> SQLiteConnection:
        created = super()._create_connection()
        tune(created._sqlite_conn, "FULL")  # noqa: SLF001 - the library has no other way in
        return created


class _Transaction(SQLiteTransaction):
    def __enter__(self) -> SQLiteCursor:
        cursor = self.connection.cursor()
        cursor.execute("BEGIN IMMEDIATE" if self.commit else "BEGIN")
        return cursor

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        try:
            super().__exit__(exc_type, exc_val, exc_tb)
        except PersistenceError:
            self.connection.rollback()  # a commit that failed leaves its transaction open
            raise
