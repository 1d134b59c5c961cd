"""The file of the views: its writer process, and the connections that read it.

Its commits don't wait for the disk. A crash of the machine may undo the newest ones, together with
their checkpoint, and the projector then folds the same events again. Each generation is a set of
tables, and one generation is live.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path
from typing import Any

from baton.backends.sql.view_statements import Statement
from baton.backends.sqlite.database import open_reader
from baton.backends.sqlite.errors import VIEWS_REMEDY, as_unavailable, is_damage
from baton.backends.sqlite.writing.writer import Writer
from baton.backends.sqlite.writing.writer_process import Result, Statements
from baton.eventlog.private_files import make_file

_log = logging.getLogger("baton.sqlite")

EVENT_LOOP_STEPS = 50_000
"""Steps of SQLite's virtual machine that a query may take on the event loop; about 1 ms."""

Rows = list[tuple[Any, ...]]

_CREATE_VIEW_SETS = """
CREATE TABLE IF NOT EXISTS view_sets (
    generation INTEGER PRIMARY KEY AUTOINCREMENT,
    live INTEGER NOT NULL,
    checkpoint INTEGER NOT NULL,
    shape TEXT NOT NULL
)"""


class ViewDatabase:
    """An open file of views."""

    def __init__(self, path: Path, writer: Writer, *, read_only: bool) -> None:
        """The file must exist."""
        self.read_only = read_only
        self._writer = writer
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="baton-queries")
        self._path = path
        with self._named():
            self._reading, self._on_event_loop, self._in_thread = (
                open_reader(path) for _ in range(3)
            )
        self._on_event_loop.set_progress_handler(lambda: 1, EVENT_LOOP_STEPS)

    @classmethod
    async def open(
        cls, path: Path, *, keep_open: Sequence[int] = (), read_only: bool = False
    ) -> "ViewDatabase":
        """Open a file, creating it unless `read_only`; raises `Unavailable`.

        A damaged file is moved aside and created again: the projector fills it from the events.

        Args:
            path: The file.
            keep_open: File descriptors that the writer process inherits.
            read_only: Whether writing is refused.

        """
        if not read_only:
            _move_aside_if_damaged(path)
            make_file(path)
        writer = Writer(path, "NORMAL", keep_open=keep_open, read_only=read_only)
        if not read_only:
            await writer.run([(_CREATE_VIEW_SETS, ())])
        return cls(path, writer, read_only=read_only)

    async def write(self, statements: Statements) -> Sequence[Result]:
        """Run all of `statements` in one transaction."""
        return await self._writer.run(statements)

    async def query(self, *statements: Statement) -> Sequence[Rows]:
        """Return the rows of each statement; slow statements are run again in a thread."""
        with self._named():
            try:
                return _rows(self._on_event_loop, statements)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                    raise
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, _rows, self._in_thread, statements
            )

    def read(self, statement: str, values: Sequence[str | int] = ()) -> Rows:
        """Return the rows of a statement that is quick, such as a lookup by key."""
        with self._named():
            return self._reading.execute(statement, values).fetchall()

    async def close(self) -> None:
        """Commit what was accepted, then close the file."""
        try:
            await self._writer.close()
            await asyncio.to_thread(self._thread.shutdown)
        finally:
            self._thread.shutdown()  # closing a connection in use would crash the process
            for connection in (self._in_thread, self._on_event_loop, self._reading):
                connection.close()

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
        _log.warning("%s is damaged (%s): it is moved aside and built anew", path, error)
        for suffix in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                path.with_name(path.name + suffix).replace(f"{path}.damaged{suffix}")


def _rows(connection: sqlite3.Connection, statements: Sequence[Statement]) -> list[Rows]:
    return [connection.execute(*statement).fetchall() for statement in statements]
