"""Streams in a SQLite file, in the eventsourcing library's table.

Appends are committed by the writing process; reads are short and run on the event loop, with a
connection of their own: in a thread, every row would wait for the interpreter.
"""

import asyncio
import sqlite3
from collections.abc import Sequence

from backends.sqlite.errors import as_unavailable
from backends.sqlite.recorder import inserting, looking_for
from backends.sqlite.writer import ConstraintViolated, Writer
from eventlog.codec import recorded
from eventlog.envelope import Appended, Conflict, Recorded, Write
from eventlog.errors import Unavailable
from eventlog.feed import Feed
from eventlog.group_commit import GroupCommit, Row

PAGE = 250
"""Events read and decoded before others get their turn on the event loop."""

_COLUMNS = "SELECT rowid, originator_id, originator_version, topic, state FROM stored_events"
_STREAM = f"""{_COLUMNS}
WHERE originator_id = ? AND originator_version > ? ORDER BY originator_version LIMIT ?"""
_ALL = f"{_COLUMNS} WHERE rowid > ? ORDER BY rowid LIMIT ?"
_HEAD = "SELECT coalesce(max(rowid), 0) FROM stored_events"
_NEWEST = "SELECT coalesce(max(originator_version), 0) FROM stored_events WHERE originator_id = ?"


class SqliteEventStore:
    """Implements `eventlog.ports.EventStore`; `log` shows what is appended here."""

    def __init__(self, reader: sqlite3.Connection, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer
        self.log = Feed(self._read_on, head=self._number(_HEAD))
        self._appends = GroupCommit(self._commit, self._newest, self.log.publish)

    async def append(self, writes: Sequence[Write]) -> Appended | Conflict:
        """Record all of `writes` or none; durable when it returns."""
        return await self._appends.append(writes)

    async def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        """Return the events of one stream with versions greater than `after`."""
        found: list[Recorded] = []
        while True:
            page = self._page(_STREAM, stream, found[-1].version if found else after, PAGE)
            found += page
            if len(page) < PAGE:
                return found
            await asyncio.sleep(0)

    async def read_all(self, *, after: int, limit: int) -> Sequence[Recorded]:
        """Return up to `limit` events with positions greater than `after`, in order."""
        found: list[Recorded] = []
        while True:
            size = min(PAGE, limit - len(found))
            page = self._page(_ALL, found[-1].position if found else after, size)
            found += page
            if len(page) < size or len(found) == limit:
                return found
            await asyncio.sleep(0)

    async def head(self) -> int:
        """Return the position of the newest event, 0 in an empty store."""
        return self._number(_HEAD)

    async def close(self) -> None:
        """Finish what was accepted."""
        await self._appends.close()

    async def _commit(self, appends: Sequence[Sequence[Row]]) -> Sequence[int | Conflict]:
        """Insert all at once; when one is in conflict, all but those that are."""
        rows = [row for append in appends for row in append]
        try:
            return _positions(appends, await self._insert(rows), set())
        except ConstraintViolated as error:
            taken = self._taken(rows)
            if not taken:
                raise Unavailable(f"SQLite: {error}") from error
        rest = [row for append in appends if not _conflict(append, taken) for row in append]
        return _positions(appends, await self._insert(rest) if rest else 0, taken)

    async def _insert(self, rows: Sequence[Row]) -> int:
        """Make `rows` durable and return the position of the first."""
        try:
            (*_, (_, last)) = await self._writer.run(inserting(rows))
        except Unavailable:
            await self._catch_up()
            raise
        return (last or 0) - len(rows) + 1

    async def _catch_up(self) -> None:
        """Publish what was committed although nobody heard of it: the writing process died."""
        while missed := await self.read_all(after=self.log.head, limit=PAGE):
            self.log.publish(missed)

    def _taken(self, rows: Sequence[Row]) -> set[str]:
        with as_unavailable():
            return {
                stream
                for statement, values in looking_for(rows)
                for (stream,) in self._reader.execute(statement, values)
            }

    async def _newest(self, stream: str) -> int:
        return self._number(_NEWEST, stream)

    async def _read_on(self, after: int, limit: int) -> Sequence[Recorded]:
        return await self.read_all(after=after, limit=limit)

    def _page(self, statement: str, *parameters: str | int) -> list[Recorded]:
        with as_unavailable():
            rows = self._reader.execute(statement, parameters).fetchall()
        return [recorded(*row) for row in rows]

    def _number(self, statement: str, *parameters: str) -> int:
        with as_unavailable():
            (number,) = self._reader.execute(statement, parameters).fetchone()
        return int(number)


def _positions(
    appends: Sequence[Sequence[Row]], first: int, taken: set[str]
) -> Sequence[int | Conflict]:
    """Return what became of each append when those that touch `taken` were left out."""
    found: list[int | Conflict] = []
    for append in appends:
        if conflict := _conflict(append, taken):
            found.append(conflict)
        else:
            found.append(first)
            first += len(append)
    return found


def _conflict(append: Sequence[Row], taken: set[str]) -> Conflict | None:
    return next((Conflict(row[0]) for row in append if row[0] in taken), None)
