"""The file the views live in, its connections and its sets of tables.

It can be rebuilt from the events, and the checkpoint commits with the rows: what a crash of the
machine takes of its newest commits is followed again. Tables come in sets, of which one is live.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from backends.sqlite.database import BUSY_MS, CACHED_STATEMENTS, Writer, reader, shut_down, tune
from backends.sqlite.errors import as_unavailable

T = TypeVar("T")

_SETS = """
CREATE TABLE IF NOT EXISTS view_sets (
    generation INTEGER PRIMARY KEY AUTOINCREMENT,
    live INTEGER NOT NULL,
    checkpoint INTEGER NOT NULL,
    shape TEXT NOT NULL
)"""


class ViewDatabase:
    """Connections for one writer thread, for point reads and for queries."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.read_only = read_only
        self._writer = Writer("baton-views", read_only=read_only)
        self._queries = ThreadPoolExecutor(1, thread_name_prefix="baton-queries")
        with as_unavailable():
            self._writing = reader(path) if read_only else _writing(path)
            self._reading = reader(path)
            self._querying = reader(path)

    async def write(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run `act` in one transaction on the writer thread."""

        def run() -> T:
            with _transaction(self._writing):
                return act(self._writing)

        with as_unavailable():
            return await self._writer.run(run)

    async def query(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run `act`, which may take long, on the query thread."""
        with as_unavailable():
            return await asyncio.get_running_loop().run_in_executor(
                self._queries, act, self._querying
            )

    def read(self, statement: str, values: Sequence[str | int] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a point read, at once."""
        with as_unavailable():
            return self._reading.execute(statement, values).fetchall()

    async def close(self) -> None:
        """Finish what was accepted, then let go of the file."""
        try:
            await self._writer.close()
        finally:
            await shut_down(self._queries)
        for connection in (self._querying, self._reading, self._writing):
            connection.close()


def _writing(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_MS / 1000,
        cached_statements=CACHED_STATEMENTS,
    )
    tune(connection, "NORMAL")
    connection.execute(_SETS)
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
