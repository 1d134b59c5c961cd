"""Connections that read a database file, the lock on its folder, and the library's datastore."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from eventsourcing.persistence import PersistenceError
from eventsourcing.sqlite import (
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteTransaction,
)

from baton.eventlog.errors import InUse, Unavailable
from baton.eventlog.ports.backend import StoreLocation
from baton.eventlog.private_files import make_folder

BUSY_TIMEOUT_MS = 5_000
CACHED_STATEMENTS = 16
"""The number of prepared statements of a connection; one for 2,000 rows takes half a megabyte."""
WRITER_EXIT_TIMEOUT_MS = 5_000
"""The longest time that the writer process of a killed Baton process may hold the lock."""


class FolderLock:
    """The exclusive right to write to a folder.

    It lasts until `release`, or until this process and the writer processes that inherited the file
    have all ended.
    """

    def __init__(self, file: int) -> None:
        """`file` is the descriptor of the lock file, which this object owns."""
        self.file = file

    @classmethod
    async def acquire(cls, folder: Path) -> "FolderLock":
        """Acquire the lock.

        Raises `InUse` while another process has it, and `Unavailable` if the folder isn't writable.
        """
        file = _open_lock_file(folder)
        waited_ms = 0
        while not try_lock(file):
            holder = os.pread(file, 20, 0).decode(errors="replace").strip()
            if _is_alive(holder) or waited_ms >= WRITER_EXIT_TIMEOUT_MS:
                os.close(file)
                raise InUse(f"{folder} is in use by another Baton process (pid {holder})")
            await asyncio.sleep(0.02)
            waited_ms += 20
        os.truncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        return cls(file)

    def release(self) -> None:
        """Close the file; the lock ends once no writer process holds it either."""
        os.close(self.file)


def _open_lock_file(folder: Path) -> int:
    try:
        make_folder(folder)
        return os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(f"{folder} can't be written: {error.strerror}") from error


def try_lock(file: int) -> bool:
    """Lock a file or folder until it is closed; return False if another process has the lock."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):
        return True
    return True


def folder_of(location: StoreLocation) -> Path:
    """Return the data folder; raises `Unavailable` without one."""
    if location.folder is None:
        raise Unavailable("SQLite keeps its data in a folder; none was given")
    return location.folder


def statement(text: str, *, table: str) -> str:
    """Return a statement of `backends.sql` on `table`, in SQLite's notation."""
    return text.format(table=table).replace("$", "?")


def open_reader(path: Path) -> sqlite3.Connection:
    """Return a read-only connection; a statement sees what is committed when it begins."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_TIMEOUT_MS / 1000,
        cached_statements=CACHED_STATEMENTS,
    )
    connection.execute("PRAGMA cache_size = -16384")
    return connection


class Datastore(SQLiteDatastore):
    """The library's datastore with text ids, durable commits and `BEGIN IMMEDIATE`."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), originator_id_type="text")
        self.pool = _Pool(db_name=path.absolute().as_uri(), lock_timeout=BUSY_TIMEOUT_MS // 1000)

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """Yield a cursor in a transaction that commits at the end, or rolls back on an error."""
        with (
            self.get_connection(commit=commit) as connection,
            _Transaction(connection, commit=commit) as cursor,
            cursor,
        ):
            yield cursor


class _Pool(SQLiteConnectionPool):
    def _create_connection(self) -> SQLiteConnection:
        created = super()._create_connection()
        created._sqlite_conn.execute("PRAGMA synchronous = FULL")  # noqa: SLF001 - the library has no setting for it
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
            self.connection.rollback()  # a failed COMMIT leaves the transaction open
            raise
