"""The log inside one process: delivers events to followers right after their commit.

Recent events are kept in memory once, for all followers; a follower that has fallen further behind
reads from the store until it has caught up. A slow follower therefore blocks nothing and costs no
memory.
"""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from operator import attrgetter

from baton.eventlog.errors import Unreadable
from baton.eventlog.events.envelope import Recorded

ReadEvents = Callable[[int, int, frozenset[type] | None], Awaitable[Sequence[Recorded]]]
"""Reads the store: called with a position, a limit and the wanted event classes (None for all).

Returns the next events after the position. Those of other classes may be left out, except for the
last one that was read: the next read begins after it.
"""

RECENT_EVENTS = 20_000
"""The least number of recent events kept; at twice as many, the older half is dropped."""
RECENT_BYTES = 64 * 1024 * 1024
"""The bytes of recent events that are kept at most, whatever their number."""
MAX_EVENTS = 1_000
"""The number of events that a follower gets at once, at most."""
LOOK_S = 0.2
"""The interval in which waiting followers look for events of other processes, in seconds."""

_position = attrgetter("position")


class Feed:
    """Implements `Log` over the events that one store's append path publishes."""

    def __init__(
        self,
        read: ReadEvents,
        *,
        head: int,
        recent: int = RECENT_EVENTS,
        look: Callable[[], object] | None = None,
    ) -> None:
        """Deliver events from the store, and events passed to `publish`.

        Args:
            read: Reads events that are no longer in memory.
            head: The store's newest position. Every later event must be published here.
            recent: The number of recent events to keep.
            look: Publishes the events that other processes have appended, if they can append. It is
                called at intervals while followers wait, by one of them, which gets its exceptions.
        """
        self._read = read
        self._recent: list[Recorded] = []
        self._floor = head  # all events after this position are in _recent
        self.head = head
        self._recent_limit = recent
        self._batches: deque[tuple[int, int]] = deque()  # events and bytes of each part of _recent
        self._bytes = 0
        self._published = asyncio.Event()
        self._wake_is_due = False
        self._look = look
        self._look_is_due = False
        self._look_timer: asyncio.TimerHandle | None = None
        self._waiting = 0  # followers

    def publish(self, recorded: Sequence[Recorded], *, size: int = 0) -> None:
        """Deliver newly committed events.

        Args:
            recorded: The events in order of position; they follow the events published before.
            size: Their stored bytes.
        """
        self._recent.extend(recorded)
        self.head = recorded[-1].position
        self._batches.append((len(recorded), size))
        self._bytes += size
        if len(self._recent) > 2 * self._recent_limit or self._bytes > RECENT_BYTES:
            self._evict()
        self._wake_soon()

    def skip_to(self, head: int) -> None:
        """Let the followers read all events up to the position `head` from the store.

        There must be an event at `head`, and none after it.
        """
        self._recent.clear()
        self._batches.clear()
        self._bytes = 0
        self._floor = self.head = head
        self._wake_soon()

    def _wake_soon(self) -> None:
        if not self._wake_is_due:
            self._wake_is_due = True
            asyncio.get_running_loop().call_soon(self._wake)

    def _wake(self) -> None:
        """Wake the followers, after the appending tasks: those then recognize their own events."""
        self._wake_is_due = False
        self._published.set()
        self._published = asyncio.Event()

    def _evict(self) -> None:
        """Drop the older half of the recent events; followers read them from the store."""
        dropped = 0
        while self._batches and (
            len(self._recent) - dropped > self._recent_limit or self._bytes > RECENT_BYTES // 2
        ):
            events, size = self._batches.popleft()
            dropped += events
            self._bytes -= size
        self._floor = self._recent[dropped - 1].position
        del self._recent[:dropped]

    async def subscribe(
        self, name: str, *, after: int, classes: frozenset[type] | None = None
    ) -> "FeedSubscription":
        """Return a subscription that begins after position `after`.

        Events that are no longer in memory are left out unless they are of one of `classes`.
        Raises `Unreadable` if the log ends before that: the follower `name` followed another log.
        """
        if after > self.head:
            raise Unreadable(f"{name} is at position {after}, but the log ends at {self.head}")
        return FeedSubscription(self, after, classes)

    async def after(
        self, position: int, classes: frozenset[type] | None = None
    ) -> Sequence[Recorded]:
        """Wait for and return the next events after `position`; never empty."""
        while True:
            published = self._published
            if position < self._floor:  # there is an event at _floor, so the read returns it
                return await self._read(position, MAX_EVENTS, classes)
            start = bisect_right(self._recent, position, key=_position)
            if start < len(self._recent):
                return self._recent[start : start + MAX_EVENTS]
            if self._look is not None and self._look_is_due:
                self._look()
                self._look_is_due = False
            else:
                await self._wait(published)

    async def _wait(self, published: asyncio.Event) -> None:
        """Wait for events, or until it is time to look for those of other processes."""
        if self._look is not None and self._look_timer is None:
            loop = asyncio.get_running_loop()
            self._look_timer = loop.call_later(LOOK_S, self._end_interval)
        self._waiting += 1
        try:
            await published.wait()
        finally:
            self._waiting -= 1

    def _end_interval(self) -> None:
        self._look_timer = None
        if self._waiting:
            self._look_is_due = True
            self._wake()


class FeedSubscription:
    """The position of one follower in a `Feed`."""

    def __init__(self, feed: Feed, after: int, classes: frozenset[type] | None) -> None:
        self._feed = feed
        self._after = after
        self._classes = classes

    async def next(self) -> Sequence[Recorded]:
        """Wait for and return the next events, in order; never empty."""
        events = await self._feed.after(self._after, self._classes)
        self._after = events[-1].position
        return events

    async def close(self) -> None:
        """Do nothing: a feed keeps no state for its followers."""
