"""Streams in a SQLite file, in the eventsourcing library's table.

The writer process commits appends. Reads are short and run on the event loop, on a connection of
their own: in a thread, every row would wait for the interpreter lock.
"""

import asyncio
import json
import sqlite3
from collections.abc import Coroutine, Sequence
from typing import Any, TypeAlias

from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.events.recorder import (
    EVENTS,
    existing_streams_statements,
    insert_statements,
)
from baton.backends.sqlite.writing.writer import ConstraintViolated, Writer, results_of
from baton.backends.sqlite.writing.writer_process import Answer
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.codec import decode_recorded, stored_topics_of
from baton.eventlog.events.envelope import Appended, Conflict, Recorded, Selection, Write
from baton.eventlog.feed import Feed
from baton.eventlog.loops.group_commit import GroupCommit, Row

PAGE_SIZE = 250
"""The number of events read and decoded before the event loop runs other tasks."""
MAX_MISSED = 2_000
"""The number of missed events from which on each follower of the log reads them from the store."""
SCANNED = 4_000
"""The number of events of which one statement returns those of the wanted classes."""

_CommitResults: TypeAlias = "asyncio.Future[Sequence[int | Conflict]]"

CONCURRENT_COMMITS = 4
"""The number of concurrent commits: the event loop prepares the next while the disk works."""

# The last event of the part is always included, because the next part begins after it.
_PART = f"""
WITH part AS (
    SELECT max(rowid) AS last
    FROM (SELECT rowid FROM stored_events WHERE rowid > ?1 ORDER BY rowid LIMIT ?2)
)
{EVENTS.select} WHERE rowid > ?1 AND rowid <= (SELECT last FROM part)
    AND (topic IN (SELECT value FROM json_each(?3)) OR rowid = (SELECT last FROM part))
ORDER BY rowid LIMIT ?4"""  # noqa: S608 - a constant
_NEWEST = "SELECT coalesce(max(originator_version), 0) FROM stored_events WHERE originator_id = ?"


class SqliteEventStore:
    """Implements `EventStore`.

    `log` shows the events that this process appends. Events that a process beside it has appended
    appear with the next append of this process, when `head` is called, or when a waiting follower
    looks for them.
    """

    def __init__(self, reader: sqlite3.Connection, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer
        self.log = Feed(self._read_after, head=self._number(EVENTS.head), look=self._look)
        self._appends = GroupCommit(
            self._commit, self._newest, self._publish, max_in_flight=CONCURRENT_COMMITS
        )
        self.commits = self._appends.metrics

    def append(self, writes: Sequence[Write]) -> Coroutine[None, None, Appended | Conflict]:
        """Record all of `writes` or none; durable when it returns."""
        return self._appends.append(writes)

    async def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        """Return the events of one stream with versions greater than `after`."""
        events: list[Recorded] = []
        while True:
            page = self._page(
                EVENTS.stream, stream, events[-1].version if events else after, PAGE_SIZE
            )
            events += page
            if len(page) < PAGE_SIZE:
                return events
            await asyncio.sleep(0)

    async def read_all(self, *, after: int, limit: int) -> Sequence[Recorded]:
        """Return up to `limit` events with positions greater than `after`, in order."""
        events: list[Recorded] = []
        while True:
            size = min(PAGE_SIZE, limit - len(events))
            page = self._page(EVENTS.page, events[-1].position if events else after, size)
            events += page
            if len(page) < size or len(events) == limit:
                return events
            await asyncio.sleep(0)

    async def select(self, wanted: Selection) -> Sequence[Recorded]:
        """Return the events of a selection."""
        await asyncio.sleep(0)
        statement, values = EVENTS.selection(wanted)
        return self._page(statement, *values)

    async def head(self) -> int:
        """Return the position of the newest event, 0 in an empty store.

        The log then delivers the events up to it that a process beside this one appended.
        """
        return self._publish_missed()

    async def close(self) -> None:
        """Commit the appends that were accepted."""
        await self._appends.close()

    def _commit(self, appends: Sequence[Sequence[Row]]) -> _CommitResults:
        done: _CommitResults = asyncio.get_running_loop().create_future()
        self._insert(appends, set(), done)
        return done

    def _insert(
        self, appends: Sequence[Sequence[Row]], conflicting: set[str], done: _CommitResults
    ) -> None:
        """Insert all appends in one commit, except those that write to a `conflicting` stream."""
        rows = [row for append in appends if not _conflict(append, conflicting) for row in append]
        if not rows:
            done.set_result(_positions(appends, 0, conflicting))
            return

        def on_answer(answer: asyncio.Future[Answer]) -> None:
            try:
                (*_, (_, last)) = results_of(answer.result())
                first = (last or 0) - len(rows) + 1
                done.set_result(_positions(appends, first, conflicting))
            except ConstraintViolated as error:
                self._retry_without_conflicts(appends, error, done)
            except Exception as error:  # noqa: BLE001 - the callers raise it
                self._publish_missed()
                done.set_exception(error)

        self._writer.submit(insert_statements(rows)).add_done_callback(on_answer)

    def _retry_without_conflicts(
        self, appends: Sequence[Sequence[Row]], error: ConstraintViolated, done: _CommitResults
    ) -> None:
        """Insert the appends again, except those in conflict."""
        try:
            conflicting = self._existing_streams([row for append in appends for row in append])
        except Unavailable as unavailable:
            done.set_exception(unavailable)
        else:
            if conflicting:
                self._insert(appends, conflicting, done)
            else:
                done.set_exception(Unavailable(f"SQLite: {error}"))

    def _publish(self, recorded: Sequence[Recorded], *, size: int) -> None:
        """Publish committed events in order; an earlier batch's answer may still be missing."""
        if recorded[0].position == self.log.head + 1:
            self.log.publish(recorded, size=size)
        else:
            self._publish_missed()

    def _look(self) -> None:
        """Publish the events of processes beside this one; a commit in flight will notice them."""
        if not self._appends.in_flight:
            self._publish_missed()

    def _publish_missed(self) -> int:
        """Publish the events that the log lacks, and return the position of the newest event.

        Either the writer process died without an answer, or a process beside this one appended.
        """
        head = self._number(EVENTS.head)
        if head - self.log.head > MAX_MISSED:
            self.log.skip_to(head)
        while self.log.head < head:
            self.log.publish(self._page(EVENTS.page, self.log.head, PAGE_SIZE))
        return head

    def _existing_streams(self, rows: Sequence[Row]) -> set[str]:
        with as_unavailable():
            return {
                stream
                for statement, values in existing_streams_statements(rows)
                for (stream,) in self._reader.execute(statement, values)
            }

    async def _newest(self, stream: str) -> int:
        return self._number(_NEWEST, stream)

    async def _read_after(
        self, after: int, limit: int, classes: frozenset[type] | None
    ) -> Sequence[Recorded]:
        if classes is None:
            return await self.read_all(after=after, limit=limit)
        await asyncio.sleep(0)
        topics = json.dumps(sorted(stored_topics_of(classes)))
        rows = self._rows(_PART, after, SCANNED, topics, limit)
        events: list[Recorded] = []
        for start in range(0, len(rows), PAGE_SIZE):
            await asyncio.sleep(0)
            events += [decode_recorded(*row) for row in rows[start : start + PAGE_SIZE]]
        return events

    def _page(self, statement: str, *parameters: str | int) -> list[Recorded]:
        return [decode_recorded(*row) for row in self._rows(statement, *parameters)]

    def _rows(self, statement: str, *parameters: str | int) -> Sequence[Any]:
        with as_unavailable():
            return self._reader.execute(statement, parameters).fetchall()

    def _number(self, statement: str, *parameters: str) -> int:
        with as_unavailable():
            (number,) = self._reader.execute(statement, parameters).fetchone()
        return int(number)


def _positions(
    appends: Sequence[Sequence[Row]], first: int, conflicting: set[str]
) -> Sequence[int | Conflict]:
    """Return each append's first position, or its conflict over one of the `conflicting` streams.

    `first` is the position of the first inserted event.
    """
    positions: list[int | Conflict] = []
    for append in appends:
        if conflict := _conflict(append, conflicting):
            positions.append(conflict)
        else:
            positions.append(first)
            first += len(append)
    return positions


def _conflict(append: Sequence[Row], conflicting: set[str]) -> Conflict | None:
    if not conflicting:
        return None
    return next((Conflict(row[0]) for row in append if row[0] in conflicting), None)
