"""The log of one process, which shows the events that any process appends.

All followers of the process share one feed. While they wait, one of them at a time reads the store
after the feed's newest event. Events that this process appends enter the feed without a read,
unless another process appended in between. A process without followers keeps no feed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import asyncpg

from baton.backends.postgres.events.append_notifications import AppendNotifications
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.feed import MAX_EVENTS, Feed, FeedSubscription

Fetch = Callable[..., Awaitable[list[asyncpg.Record]]]
"""Called with a statement and its values; returns the rows."""


class ReadStore(Protocol):
    """Reads the store through `fetch`, by default over the pool."""

    async def __call__(
        self,
        after: int,
        limit: int,
        *,
        fetch: Fetch | None = None,
        classes: frozenset[type] | None = None,
    ) -> tuple[Sequence[Recorded], int]:
        """Return up to `limit` events after `after`, in order, and their size in bytes.

        With `classes`, events of others may be left out, except for the last one that was read.
        """
        ...


class Tail:
    """Implements `Log`."""

    def __init__(
        self,
        url: str,
        read_store: ReadStore,
        head: Callable[[], Awaitable[int]],
        *,
        own_pid: Callable[[], int],
    ) -> None:
        """Create a log that reads nothing before the first subscription.

        Args:
            url: The database's address.
            read_store: Reads events after a position.
            head: Returns the position of the newest event.
            own_pid: Returns the pid of the server process of this process's appender.

        """
        self._read_store = read_store
        self._read_head = head
        self._own_pid = own_pid
        self._opening = asyncio.Lock()
        self._feed: Feed | None = None
        self._followers = 0
        self._head = 0  # position of the feed's newest event
        self._reading = asyncio.Lock()
        self._notifications = AppendNotifications(url, already_seen=self._already_seen)

    async def subscribe(
        self, name: str, *, after: int, classes: frozenset[type] | None = None
    ) -> "TailSubscription":
        """Return a subscription that begins after position `after`.

        Events that are no longer in memory are left out unless they are of one of `classes`.
        Raises `Unreadable` when the log ends before that: then `name` followed another log.
        """
        self._followers += 1
        try:
            feed = await self._open()
            while after > self._head and await self._read_new(feed):
                pass
            inner = await feed.subscribe(name, after=after, classes=classes)
            return TailSubscription(self, inner, after)
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """Remove one follower. After the last one, reading and listening end."""
        self._followers -= 1
        if not self._followers:
            self._feed = None
            self._notifications.pause()

    def appended(self, events: Sequence[Recorded], *, size: int, previous: int | None) -> None:
        """Publish events that this process appended, if the feed holds everything before them.

        Args:
            events: The events, in order.
            size: Their size in bytes.
            previous: The position of the event before them, None when it isn't known.

        """
        if self._feed is None:
            return
        follows = previous is not None and previous <= self._head
        if follows:
            self._publish(self._feed, events, size)
        self._notifications.wake(may_have_more=not follows)

    async def wait_beyond(self, position: int) -> None:
        """Wait until the feed holds an event after `position`."""
        while self._feed is not None and self._head <= position:
            async with self._reading:
                if self._head <= position:
                    await self._notifications.wait()
                if self._head <= position:
                    await self._read_new(self._feed)

    async def close(self) -> None:
        """Stop listening."""
        await self._notifications.close()

    async def _open(self) -> Feed:
        async with self._opening:
            if self._feed is None:
                self._head = await self._read_head()
                self._feed = Feed(self._read, head=self._head)
            return self._feed

    async def _read_new(self, feed: Feed) -> bool:
        """Read the events after the feed's newest one; return whether there were any."""
        before, fetch = self._head, self._notifications.fetch
        with self._notifications.reading():
            events, size = await self._read_store(before, MAX_EVENTS, fetch=fetch)
        self._publish(feed, events, size)
        # Positions have gaps, and events of other classes are left out, so the number of events
        # doesn't show whether the page was full.
        self._notifications.may_have_more |= self._head - before >= MAX_EVENTS
        return self._head > before

    async def _read(
        self, after: int, limit: int, classes: frozenset[type] | None
    ) -> Sequence[Recorded]:
        events, _ = await self._read_store(after, limit, classes=classes)
        return events

    def _publish(self, feed: Feed, events: Sequence[Recorded], size: int) -> None:
        """Publish events that follow the feed without a gap; they may repeat its newest events."""
        fresh = [event for event in events if event.position > self._head]
        if fresh:
            feed.publish(fresh, size=size)
            self._head = fresh[-1].position

    def _already_seen(self, pid: int, position: int) -> bool:
        return pid == self._own_pid() or position <= self._head


class TailSubscription:
    """One follower's position in a `Tail`."""

    def __init__(self, tail: Tail, inner: FeedSubscription, after: int) -> None:
        self._tail = tail
        self._inner = inner
        self._after = after
        self._left = False

    async def next(self) -> Sequence[Recorded]:
        """Wait for and return the next events, in order; never empty."""
        await self._tail.wait_beyond(self._after)
        events = await self._inner.next()
        self._after = events[-1].position
        return events

    async def close(self) -> None:
        """Leave the log."""
        await self._inner.close()
        if not self._left:
            self._left = True
            self._tail.leave()
