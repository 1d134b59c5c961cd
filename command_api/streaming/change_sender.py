"""Sends the changes of a browser's pages as server-sent events, at most a few times a second."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from baton.command_api.live.changes import Changes
from baton.command_api.live.subscription import Subscription
from baton.command_api.services import Services
from baton.command_api.streaming.stream import STALLED_S
from baton.command_api.streaming.stream_writer import StreamWriter
from baton.eventlog.events.envelope import Recorded

PACE_S: Final = 0.4
"""Seconds between two groups of frames, of which each has four at most: ten frames a second."""
STATS_S: Final = 1.0
"""Seconds after which statistics are sent although nothing else has changed."""
MAX_BEHIND: Final = 10_000
"""The number of positions that a stream catches up; pages further behind reload everything."""
PAGE: Final = 500
"""Events that are read at once to catch up."""


class ChangeSender:
    """Sends what changed on the topics of one stream."""

    def __init__(self, changes: Changes, services: Services, *, after: int | None) -> None:
        """Create the stream; nothing is sent yet.

        Args:
            changes: The changes that wait.
            services: The live feed, and the log.
            after: The position to resume behind, None for now.
        """
        self._changes, self._feed, self._store = changes, services.live, services.store
        self._after = after
        self._moved = asyncio.Event()
        self._sent_position = -1

    def watch(self, events: Sequence[Recorded]) -> None:
        """Add events of the log to the changes, which are sent soon."""
        self._changes.add(events)
        if self._changes:
            self._moved.set()

    async def send(self, subscription: Subscription, writer: StreamWriter) -> None:
        """Send changes until cancelled.

        Raises TimeoutError if the browser doesn't read, ConnectionError if it left, and
        `Unavailable`.
        """
        if self._after is not None:
            await self._catch_up(self._after, subscription.position)
        while True:
            await self._send_waiting(subscription, writer)
            await asyncio.sleep(PACE_S)
            await self._until_moved()

    async def _catch_up(self, after: int, position: int) -> None:
        """Add the events that the browser has missed; if they are too many, it reloads everything.

        Meanwhile `watch` adds newer ones.
        """
        if position - after > MAX_BEHIND:
            self._changes.miss()
            return
        while after < position:
            page = await self._store.read_all(after=after, limit=min(PAGE, position - after))
            self._changes.add([one for one in page if one.position <= position])
            after = page[-1].position if page else position

    async def _until_moved(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(STATS_S - PACE_S):
                await self._moved.wait()

    async def _send_waiting(self, subscription: Subscription, writer: StreamWriter) -> None:
        self._moved.clear()
        position, lag_ms = self._feed.resume_at(subscription), self._feed.lag_ms()
        current = position == self._sent_position and not self._feed.waits_for_views
        frames = self._changes.take(position, None if current else lag_ms)
        self._sent_position = position
        if frames:
            async with asyncio.timeout(STALLED_S):
                await writer.send([frames])
