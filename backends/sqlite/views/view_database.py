"""The file of one set of views: its writer process, and the connections that read it.

Its commits don't wait for the disk. A crash of the machine may undo the newest ones, together with
their checkpoint, and the projector then folds the same events again.
"""

import logging
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path

from baton.backends.sql.view_statements import Statement
from baton.backends.sqlite.database import BUSY_TIMEOUT_MS, open_reader
from baton.backends.sqlite.errors import VIEWS_REMEDY, as_unavailable, is_damage
from baton.backends.sqlite.views.query_lanes import QueryLanes, Rows
from baton.backends.sqlite.views.tables import ViewTable
from baton.backends.sqlite.writing.writer import ConstraintViolated, Writer
from baton.backends.sqlite.writing.writer_process import Result, Statements
from baton.eventlog.errors import InUse
from baton.eventlog.ports.views import Table
from baton.eventlog.private_files import make_file

_log = logging.getLogger("baton.sqlite")

_CREATE_STATE = "CREATE TABLE IF NOT EXISTS _state (checkpoint INTEGER NOT NULL)"
_BEGIN = "INSERT INTO _state SELECT 0 WHERE NOT EXISTS (SELECT * FROM _state)"
_EXISTS = "SELECT count(*) FROM sqlite_master WHERE name = '_state'"
_CHECKPOINT = "SELECT checkpoint FROM _state"
# Another value than the expected ones becomes NULL, which the column refuses with the whole commit.
_MOVE = "UPDATE _state SET checkpoint = CASE WHEN checkpoint IN (?1, ?2) THEN ?1 END"
REBUILT = "%s is damaged (%s): the file is renamed, and the views are built again"


class ViewDatabase:
    """An open file of views."""

    def __init__(self, path: Path, writer: Writer, *, read_only: bool = False) -> None:
        """The file must exist."""
        self.read_only = read_only
        self._writer = writer
        self._path = path
        with self._named():
            self._reading = open_reader(path)
            self._lanes = QueryLanes(path)

    @classmethod
    async def open(
        cls,
        path: Path,
        tables: Sequence[Table],
        *,
        keep_open: Sequence[int] = (),
        read_only: bool = False,
        owner: bool = True,
    ) -> "ViewDatabase":
        """Open a file, creating it and its tables unless `read_only`; raises `Unavailable`.

        Args:
            path: The file.
            tables: The declarations of its tables.
            keep_open: File descriptors that the writer process inherits.
            read_only: Whether writing is refused.
            owner: Whether this process has the folder. It then renames a damaged file and creates
                the file again, and the projector fills it from the events.
        """
        if read_only:
            return cls(path, Writer(path, "NORMAL", read_only=True), read_only=True)
        if owner:
            _move_aside_if_damaged(path)
        make_file(path)
        opened = cls(path, Writer(path, "NORMAL", keep_open=keep_open, read_only=False))
        try:
            if not opened.read(_EXISTS)[0][0]:
                create = [one for table in tables for one in ViewTable(table).create()]
                statements = [_CREATE_STATE, _BEGIN, *create]
                await opened.write([(statement, ()) for statement in statements])
        except BaseException:
            await opened.close()
            raise
        return opened

    async def write(self, statements: Statements) -> Sequence[Result]:
        """Run all of `statements` in one transaction."""
        return await self._writer.run(statements)

    async def commit(self, statements: Statements, *, checkpoint: int, expected: int) -> None:
        """Run `statements` and move the checkpoint, in one transaction.

        Raises `InUse` if it is neither at `expected` nor where it is moved to.
        """
        try:
            await self._writer.run([(_MOVE, (checkpoint, expected)), *statements])
        except ConstraintViolated as error:
            raise InUse("another process writes the views now") from error

    def checkpoint(self) -> int:
        """Return the position that the views hold."""
        return int(self.read(_CHECKPOINT)[0][0])

    async def query(self, statement: Statement) -> Rows:
        """Return the rows of a statement; raises `QueryTooSlow`."""
        with self._named():
            return await self._lanes.rows(statement)

    def read(self, statement: str, values: Sequence[str | int] = ()) -> Rows:
        """Return the rows of a statement that is quick, such as a lookup by key."""
        with self._named():
            return self._reading.execute(statement, values).fetchall()

    async def close(self) -> None:
        """Commit what was accepted, then close the file."""
        try:
            await self._writer.close()
        finally:
            await self._lanes.close()
            self._reading.close()

    def _named(self) -> AbstractContextManager[None]:
        return as_unavailable(self._path, VIEWS_REMEDY)


def _move_aside_if_damaged(path: Path) -> None:
    """Rename the files of a database that can't be read."""
    if not path.exists():
        return
    try:
        with closing(open_reader(path)) as reader:
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            return
        _log.warning(REBUILT, path, error)
        for file in files_of(path):
            with suppress(FileNotFoundError):
                file.replace(f"{path}.damaged{file.name.removeprefix(path.name)}")


def files_of(path: Path) -> Sequence[Path]:
    """Return the files that SQLite has for a database, the database itself last."""
    return [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "")]


def stored_checkpoint(path: Path) -> int:
    """Return the position of the views in a file; 0 for one that is missing or damaged."""
    try:
        with closing(open_reader(path)) as reader:
            return int(reader.execute(_CHECKPOINT).fetchone()[0])
    except (sqlite3.Error, TypeError):
        return 0


def locked(path: Path) -> sqlite3.Connection:
    """Return a connection that lets no other one write to a file until it is closed."""
    with as_unavailable(path, VIEWS_REMEDY):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_TIMEOUT_MS / 1000,
        )
        connection.execute("BEGIN IMMEDIATE")
    return connection
