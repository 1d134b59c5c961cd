"""The file the views live in: its writing process, and connections to read it.

It can be rebuilt from the events, and the checkpoint commits with the rows: what a crash of the
machine takes of its newest commits is followed again. Tables come in sets, of which one is live.
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
"""Steps of SQLite's machine, about a millisecond, that a query may take on the event loop."""

Rows = list[tuple[Any, ...]]

_CREATE_VIEW_SETS = """
CREATE TABLE IF NOT EXISTS view_sets (
    generation INTEGER PRIMARY KEY AUTOINCREMENT,
    live INTEGER NOT NULL,
    checkpoint INTEGER NOT NULL,
    shape TEXT NOT NULL
)"""


class ViewDatabase:
    """One file of views; `opened` makes one."""

    def __init__(self, path: Path, writer: Writer, *, read_only: bool) -> None:
        """The file must be there."""
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
        """Return the database of a file, which is made if it may be; raises `Unavailable`."""
        writer = Writer(path, "NORMAL", keep_open=keep_open, read_only=read_only)
        if not read_only:
            await writer.run([(_CREATE_VIEW_SETS, ())])
        return cls(path, writer, read_only=read_only)

    async def write(self, statements: Statements) -> Sequence[Result]:
        """Run all of `statements` in one transaction."""
        return await self._writer.run(statements)

    async def query(self, *statements: Statement) -> Sequence[Rows]:
        """Return the rows of each statement; one that takes long does so in a thread."""
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
        """Return the rows of a point read."""
        with as_unavailable():
            return self._reading.execute(statement, values).fetchall()

    async def close(self) -> None:
        """Finish what was accepted, then let go of the file."""
        try:
            await self._writer.close()
            await asyncio.to_thread(self._thread.shutdown)
        finally:
            self._thread.shutdown()  # a connection closed while it is used would crash the process
            for connection in (self._in_thread, self._on_event_loop, self._reading):
                connection.close()


def _rows(connection: sqlite3.Connection, statements: Sequence[Statement]) -> list[Rows]:
    return [connection.execute(*statement).fetchall() for statement in statements]
