"""The log of one process, which shows what any process appends.

Followers that wait take turns in asking the store for what stands behind the newest event that they
have all seen. What this process appends itself needs no asking, unless others appended in between.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import asyncpg

from baton.backends.postgres.events.append_notifications import AppendNotifications
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.feed import MAX_EVENTS, Feed, FeedSubscription

Fetch = Callable[..., Awaitable[list[asyncpg.Record]]]
"""Returns the rows of a statement with values."""


class ReadStore(Protocol):
    """Reads the store by way of `fetch`, else by its own_pid: events in order, and their bytes."""

    async def __call__(
        self, after: int, limit: int, *, fetch: Fetch | None = None
    ) -> tuple[Sequence[Recorded], int]:
        """Return up to `limit` events behind `after`."""
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
        """`own_pid` tells the server process of this process's appender."""
        self._read_store = read_store
        self._read_head = head
        self._own_pid = own_pid
        self._opening = asyncio.Lock()
        self._feed: Feed | None = None
        self._head = 0  # of the feed
        self._asking = asyncio.Lock()
        self._notifications = AppendNotifications(url, already_seen=self._already_seen)

    async def subscribe(self, name: str, *, after: int) -> "TailSubscription":
        """Return a subscription that begins behind position `after`.

        Raises `Unreadable` when the log doesn't reach that far: `name` followed another one.
        """
        async with self._opening:
            if self._feed is None:
                self._head = await self._read_head()
                self._feed = Feed(self._read, head=self._head)
        while after > self._head and await self._read_new(self._feed):
            pass
        return TailSubscription(self, await self._feed.subscribe(name, after=after), after)

    def appended(self, events: Sequence[Recorded], *, size: int, previous: int | None) -> None:
        """Show what was appended here, of `size` bytes, if the feed holds the log up to it.

        `previous` is the position of the event before, None when that isn't known.
        """
        if self._feed is None:
            return
        follows = previous is not None and previous <= self._head
        if follows:
            self._publish(self._feed, events, size)
        self._notifications.wake(may_have_more=not follows)

    async def wait_beyond(self, position: int) -> None:
        """Wait until there is an event behind `position`, and it is in the feed."""
        while self._feed is not None and self._head <= position:
            async with self._asking:
                if self._head <= position:
                    await self._notifications.wait()
                if self._head <= position:
                    await self._read_new(self._feed)

    async def close(self) -> None:
        """Listen no more."""
        await self._notifications.close()

    async def _read_new(self, feed: Feed) -> bool:
        """Read what stands behind the feed; False when there is nothing."""
        before, self._notifications.may_have_more = self._head, False
        try:
            found, size = await self._read_store(
                before, MAX_EVENTS, fetch=self._notifications.fetch
            )
        except BaseException:
            self._notifications.may_have_more = True
            raise
        self._publish(feed, found, size)
        # Positions have holes, and what nobody follows is left out: there may be no more.
        self._notifications.may_have_more |= self._head - before >= MAX_EVENTS
        return self._head > before

    async def _read(self, after: int, limit: int) -> Sequence[Recorded]:
        found, _ = await self._read_store(after, limit)
        return found

    def _publish(self, feed: Feed, events: Sequence[Recorded], size: int) -> None:
        """Hand over events that follow the feed's without a gap, and may repeat its last."""
        fresh = [event for event in events if event.position > self._head]
        if fresh:
            feed.publish(fresh, size=size)
            self._head = fresh[-1].position

    def _already_seen(self, pid: int, position: int) -> bool:
        return pid == self._own_pid() or position <= self._head


class TailSubscription:
    """One follower's place in a `Tail`."""

    def __init__(self, tail: Tail, inner: FeedSubscription, after: int) -> None:
        self._tail = tail
        self._inner = inner
        self._after = after

    async def next(self) -> Sequence[Recorded]:
        """Wait for and return the next events, in order; never empty."""
        await self._tail.wait_beyond(self._after)
        found = await self._inner.next()
        self._after = found[-1].position
        return found

    async def close(self) -> None:
        """Leave the log."""
        await self._inner.close()
