"""Sends the changes of a browser's pages as server-sent events, at most a few times a second."""

import asyncio
from contextlib import suppress
from typing import Final

from baton.command_api.live.changes import Changes
from baton.command_api.live.live_feed import LiveFeed
from baton.command_api.live.subscription import Subscription
from baton.command_api.streaming.stream_writer import StreamWriter

PACE_S: Final = 0.4
"""Seconds between two groups of frames, of which each has four at most: ten frames a second."""
STATS_S: Final = 1.0
"""Seconds after which statistics are sent although nothing else has changed."""
STALLED_S: Final = 30.0
"""Seconds that one write may wait for the browser to read."""


class ChangeSender:
    """Sends what changed on the topics of one stream."""

    def __init__(self, changes: Changes, feed: LiveFeed, *, after: int | None) -> None:
        """Describe the stream; nothing is sent yet.

        Args:
            changes: The changes that wait, of which the log's are added by others.
            feed: The feed of the subscription.
            after: The position behind which the browser wants to go on, None for now.
        """
        self._changes, self._feed, self._after = changes, feed, after
        self._moved = asyncio.Event()
        self._sent_position = -1

    def log_moved(self) -> None:
        """Send soon that the tenant's log has grown."""
        self._changes.log_moved()
        self._moved.set()

    async def send(self, subscription: Subscription, writer: StreamWriter) -> None:
        """Send changes until cancelled.

        Raises TimeoutError if the browser doesn't read, ConnectionError if it left, and
        `Unavailable`.
        """
        if self._after is not None and subscription.position > self._after:
            self._changes.miss()
        collecting = asyncio.create_task(self._collect(subscription))
        try:
            while not collecting.done():
                await self._send_waiting(subscription, writer)
                await asyncio.sleep(PACE_S)
                await self._until_moved()
            collecting.result()
        finally:
            collecting.cancel()

    async def _collect(self, subscription: Subscription) -> None:
        try:
            while True:
                self._changes.add(await subscription.next())
                self._moved.set()
        finally:
            self._moved.set()

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
