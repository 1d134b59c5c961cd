"""Streams in PostgreSQL, in the eventsourcing library's table layout."""

import asyncio
from collections.abc import Iterator, Sequence

import asyncpg

from baton.backends.postgres.database import Database, Value
from baton.backends.postgres.errors import as_unavailable
from baton.backends.postgres.events.appender import Appender, Predecessor, Receipt
from baton.backends.postgres.events.statements import EVENTS
from baton.backends.postgres.events.tail import Fetch, Tail
from baton.eventlog.errors import Unwritable
from baton.eventlog.events.codec import decode_recorded, stored_topics_of
from baton.eventlog.events.envelope import Appended, Conflict, Recorded, Selection, Write
from baton.eventlog.loops.group_commit import GroupCommit, Row

PAGE_SIZE = 1_000
"""The number of events that one statement reads."""
DECODE_SLICE = 250
"""The number of events decoded before the event loop runs other tasks."""

# The page's last event is always included, because the next page begins after it.
_ALL_OF_TOPICS = f"""
WITH page AS MATERIALIZED ({EVENTS.page})
SELECT * FROM page
WHERE topic = ANY($3) OR notification_id = (SELECT max(notification_id) FROM page)
ORDER BY notification_id"""  # noqa: S608 - a constant


class PostgresEventStore:
    """Implements `EventStore`; `log` shows the events that any process appends.

    With `followed`, `log` may leave out events of other classes; `whole_log` has all, and costs
    nothing without a follower.
    """

    def __init__(
        self, database: Database, appender: Appender, *, followed: frozenset[type] | None = None
    ) -> None:
        self._database = database
        self._appender = appender
        self._receipt: Receipt | None = None
        self.log = self._tail(followed)
        self.whole_log = self._tail(None)
        self._appends = GroupCommit(self._commit, None, self._publish)
        self.commits = self._appends.metrics

    async def append(self, writes: Sequence[Write]) -> Appended | Conflict:
        """Record all of `writes` or none; durable when it returns."""
        for write in writes:
            _check_stream_name(write.stream)
        return await self._appends.append(writes)

    async def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        """Return the events of one stream with versions greater than `after`."""
        events: list[Recorded] = []
        while True:
            version = events[-1].version if events else after
            page = await self._page(EVENTS.stream, stream, version, PAGE_SIZE)
            events += page
            if len(page) < PAGE_SIZE:
                return events

    async def read_all(self, *, after: int, limit: int) -> Sequence[Recorded]:
        """Return up to `limit` events with positions greater than `after`, in order."""
        events: list[Recorded] = []
        while True:
            size = min(PAGE_SIZE, limit - len(events))
            page = await self._page(EVENTS.page, events[-1].position if events else after, size)
            events += page
            if len(page) < size or len(events) == limit:
                return events

    async def select(self, wanted: Selection) -> Sequence[Recorded]:
        """Return the events of a selection."""
        statement, values = EVENTS.selection(wanted)
        return await self._page(statement, *values)

    async def head(self) -> int:
        """Return the position of the newest event, 0 in an empty store."""
        ((position,),) = await self._database.fetch(EVENTS.head)
        return int(position)

    async def close(self) -> None:
        """Commit the appends that were accepted, then stop."""
        await self._appends.close()
        await self._appender.close()
        await self.log.close()
        await self.whole_log.close()

    async def _commit(self, appends: Sequence[Sequence[Row]]) -> Sequence[int | Conflict]:
        with as_unavailable():
            predecessors = list(self._predecessors(appends))
            self._receipt = receipt = await self._appender.commit(appends, predecessors)
        outcomes: list[int | Conflict] = []
        begin = 0
        for append in appends:
            end = begin + len(append)
            conflict = next((n for n in receipt.conflicting_rows if begin <= n < end), None)
            outcomes.append(
                receipt.first + begin if conflict is None else Conflict(append[conflict - begin][0])
            )
            begin = end
        return outcomes

    def _predecessors(self, appends: Sequence[Sequence[Row]]) -> Iterator[Predecessor]:
        """Yield the events to check for: those that this process doesn't know to exist."""
        number, before = 0, ""
        for append in appends:
            for stream, version, _, _ in append:
                if stream != before and self._appends.known_version(stream) < version - 1:
                    yield Predecessor(number, stream, version - 1)
                before = stream
                number += 1

    def _publish(self, recorded: Sequence[Recorded], *, size: int) -> None:
        """Publish the events of the batch that was committed last."""
        previous = self._receipt.previous if self._receipt else None
        self.log.appended(recorded, size=size, previous=previous)
        self.whole_log.appended(recorded, size=size, previous=previous)

    def _tail(self, followed: frozenset[type] | None) -> Tail:
        """Return a log that may leave out events of classes that aren't `followed`."""

        async def read(
            after: int,
            limit: int,
            *,
            fetch: Fetch | None = None,
            classes: frozenset[type] | None = None,
        ) -> tuple[Sequence[Recorded], int]:
            wanted = followed if classes is None else classes
            topics = () if wanted is None else (sorted(stored_topics_of(wanted)),)
            statement = _ALL_OF_TOPICS if topics else EVENTS.page
            rows = await (fetch or self._database.fetch)(statement, after, limit, *topics)
            return await _decode(rows), sum([len(row["state"]) for row in rows])

        return Tail(self._database.url, read, self.head, own_pid=lambda: self._appender.pid)

    async def _page(self, statement: str, *values: Value) -> list[Recorded]:
        return await _decode(await self._database.look_up(statement, *values))


async def _decode(rows: Sequence[asyncpg.Record]) -> list[Recorded]:
    decoded = [decode_recorded(*row) for row in rows[:DECODE_SLICE]]
    for start in range(DECODE_SLICE, len(rows), DECODE_SLICE):
        await asyncio.sleep(0)
        decoded += [decode_recorded(*row) for row in rows[start : start + DECODE_SLICE]]
    return decoded


def _check_stream_name(stream: str) -> None:
    """Raise `Unwritable` for a name that PostgreSQL can't store; it would fail the whole batch."""
    try:
        valid = "\0" not in stream and stream.encode()
    except UnicodeEncodeError:
        valid = False
    if not valid:
        raise Unwritable(f"{stream!r} can't name a stream")
