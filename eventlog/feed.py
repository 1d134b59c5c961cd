"""The log inside one process: events go to followers right after their commit.

Recent events are kept in memory once for all followers; one that is further behind reads the store
until it has caught up. Nothing waits for a slow follower, and none costs memory.
"""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from operator import attrgetter

from baton.eventlog.errors import Unreadable
from baton.eventlog.events.envelope import Recorded

Read = Callable[[int, int], Awaitable[Sequence[Recorded]]]
"""Reads the store: (after, limit) to events in order."""

RECENT = 20_000
RECENT_BYTES = 64 * 1024 * 1024
MAX_EVENTS = 1_000

_position = attrgetter("position")


class Feed:
    """Implements `Log` over what one store's append path publishes."""

    def __init__(self, read: Read, *, head: int, recent: int = RECENT) -> None:
        """`head` is the store's newest position; all events behind it must be published here."""
        self._read = read
        self._recent: list[Recorded] = []
        self._floor = head  # everything behind this position is in _recent
        self.head = head
        self._keep = recent
        self._batches: deque[tuple[int, int]] = deque()  # of _recent: events, bytes
        self._bytes = 0
        self._more = asyncio.Event()
        self._waking = False

    def publish(self, recorded: Sequence[Recorded], *, size: int = 0) -> None:
        """Hand newly committed events over, in order of position; `size` is their bytes stored."""
        self._recent.extend(recorded)
        self.head = recorded[-1].position
        self._batches.append((len(recorded), size))
        self._bytes += size
        if len(self._recent) > 2 * self._keep or self._bytes > RECENT_BYTES:
            self._forget()
        if not self._waking:
            self._waking = True
            asyncio.get_running_loop().call_soon(self._wake)

    def _wake(self) -> None:
        """Have followers look: after those who appended, who thus know their own events again."""
        self._waking = False
        self._more.set()
        self._more = asyncio.Event()

    def _forget(self) -> None:
        """Leave the older half of what is kept to the store."""
        dropped = 0
        while self._batches and (
            len(self._recent) - dropped > self._keep or self._bytes > RECENT_BYTES // 2
        ):
            events, size = self._batches.popleft()
            dropped += events
            self._bytes -= size
        self._floor = self._recent[dropped - 1].position
        del self._recent[:dropped]

    async def subscribe(self, name: str, *, after: int) -> "FeedSubscription":
        """Return a subscription that begins behind position `after`.

        Raises `Unreadable` when the log doesn't reach that far: `name` followed another one.
        """
        if after > self.head:
            raise Unreadable(f"{name} stands at position {after}, but the log ends at {self.head}")
        return FeedSubscription(self, after)

    async def after(self, position: int) -> Sequence[Recorded]:
        """Wait for and return the next events behind `position`."""
        while True:
            more = self._more
            if position < self._floor:  # where an event stands: something will be found
                return await self._read(position, MAX_EVENTS)
            start = bisect_right(self._recent, position, key=_position)
            if start < len(self._recent):
                return self._recent[start : start + MAX_EVENTS]
            await more.wait()


class FeedSubscription:
    """One follower's place in a `Feed`."""

    def __init__(self, feed: Feed, after: int) -> None:
        self._feed = feed
        self._after = after

    async def next(self) -> Sequence[Recorded]:
        """Wait for and return the next events, in order; never empty."""
        found = await self._feed.after(self._after)
        self._after = found[-1].position
        return found

    async def close(self) -> None:
        """Leave the log."""
