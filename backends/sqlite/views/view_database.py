"""The file of the views: its writer process, and the connections that read it.

Its commits don't wait for the disk. A crash of the machine may undo the newest ones, together with
their checkpoint, and the projector then folds the same events again. Each generation is a set of
tables, and one generation is live.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from baton.backends.sql.view_statements import Statement
from baton.backends.sqlite.database import open_reader
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.writing.writer import Writer
from baton.backends.sqlite.writing.writer_process import Result, Statements

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
        with as_unavailable():
            self._reading, self._on_event_loop, self._in_thread = (
                open_reader(path) for _ in range(3)
            )
        self._on_event_loop.set_progress_handler(lambda: 1, EVENT_LOOP_STEPS)

    @classmethod
    async def open(
        cls, path: Path, *, keep_open: Sequence[int] = (), read_only: bool = False
    ) -> "ViewDatabase":
        """Open a file, creating it unless `read_only`; raises `Unavailable`.

        Args:
            path: The file.
            keep_open: File descriptors that the writer process inherits.
            read_only: Whether writing is refused.

        """
        writer = Writer(path, "NORMAL", keep_open=keep_open, read_only=read_only)
        if not read_only:
            await writer.run([(_CREATE_VIEW_SETS, ())])
        return cls(path, writer, read_only=read_only)

    async def write(self, statements: Statements) -> Sequence[Result]:
        """Run all of `statements` in one transaction."""
        return await self._writer.run(statements)

    async def query(self, *statements: Statement) -> Sequence[Rows]:
        """Return the rows of each statement; slow statements are run again in a thread."""
        with as_unavailable():
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
        with as_unavailable():
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


def _rows(connection: sqlite3.Connection, statements: Sequence[Statement]) -> list[Rows]:
    return [connection.execute(*statement).fetchall() for statement in statements]
