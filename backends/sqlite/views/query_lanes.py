"""Runs queries on one file so that a slow query delays only slower ones.

A query begins on the event loop. When it has taken longer than it may there, it is interrupted and
begins again in a thread, and once more in the thread of the slowest ones.
"""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any, Final

from baton.backends.sql.view_statements import Statement
from baton.backends.sqlite.database import open_reader
from baton.eventlog.errors import QueryTooSlow

EVENT_LOOP_STEPS = 50_000
"""Steps of SQLite's virtual machine that a query may take on the event loop; about 1 ms."""
FIRST_THREAD_S = 0.1
SECOND_THREAD_S = 25.0
"""The longest time of a query, as in PostgreSQL."""
_STEPS_PER_CALL: Final = 5_000
_STEPS_PER_CALL_IN_THREAD: Final = 500_000
"""Each call takes the interpreter lock, which may take 5 ms while the event loop is busy."""

Rows = list[tuple[Any, ...]]


class QueryLanes:
    """The connections that read a file, and two threads."""

    def __init__(self, path: Path) -> None:
        self._on_event_loop = _Lane(path, steps_per_call=_STEPS_PER_CALL)
        self._in_threads = [
            (ThreadPoolExecutor(1, thread_name_prefix=f"baton-queries-{number}"), lane)
            for number, lane in enumerate(
                _Lane(path, steps_per_call=_STEPS_PER_CALL_IN_THREAD) for _ in range(2)
            )
        ]

    async def rows(self, statement: Statement) -> Rows:
        """Return the rows of a statement; raises `QueryTooSlow`."""
        rows = self._on_event_loop.rows(statement, steps=EVENT_LOOP_STEPS)
        loop = asyncio.get_running_loop()
        limits = FIRST_THREAD_S, SECOND_THREAD_S
        for (thread, lane), longest_s in zip(self._in_threads, limits, strict=True):
            if rows is None:
                rows = await loop.run_in_executor(thread, lane.rows, statement, inf, longest_s)
        if rows is None:
            raise QueryTooSlow(f"SQLite: a query took longer than {SECOND_THREAD_S:g} s")
        return rows

    async def close(self) -> None:
        """Wait for the queries that run, and close the connections."""
        for thread, _ in self._in_threads:
            await asyncio.to_thread(thread.shutdown)
        for lane in (self._on_event_loop, *(lane for _, lane in self._in_threads)):
            lane.close()


class _Lane:
    """A connection whose queries are interrupted once they have taken too long."""

    def __init__(self, path: Path, *, steps_per_call: int) -> None:
        self._connection = open_reader(path)
        self._connection.set_progress_handler(self._takes_long, steps_per_call)
        self._steps_per_call = steps_per_call
        self._steps = self._most_steps = 0.0
        self._until = 0.0

    def rows(self, statement: Statement, steps: float, longest_s: float = inf) -> Rows | None:
        """Return the rows of a statement; None if it takes more steps, or longer."""
        self._steps, self._most_steps = 0, steps
        self._until = monotonic() + longest_s
        try:
            return self._connection.execute(*statement).fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return None

    def close(self) -> None:
        """Close the connection, which no query uses."""
        self._connection.close()

    def _takes_long(self) -> bool:
        """Return whether the query has taken too long; SQLite calls it as the query takes steps.

        SQLite counts the steps of a prepared statement over all of its executions. If the first
        call interrupted it, a quick statement would be interrupted now and then.
        """
        self._steps += self._steps_per_call
        return self._steps > self._most_steps or monotonic() > self._until
