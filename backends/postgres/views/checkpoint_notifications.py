"""Follows the checkpoint of views that another process writes.

Each commit of the views notifies with its checkpoint. Notifications can be lost, so the checkpoint
is also polled, and read after every reconnect.
"""

import asyncio
from collections.abc import Awaitable, Callable

from baton.backends.postgres.notification_channel import NotificationChannel

POLL_S = 0.5
"""The longest wait for a notification before the checkpoint is read anyway."""
PAUSE_AFTER_S = 2.0
"""The connection stops listening this long after the last wait has ended."""


class CheckpointNotifications:
    """Waits until the checkpoint moves."""

    def __init__(self, url: str, channel: str, checkpoint: Callable[[], Awaitable[int]]) -> None:
        self._checkpoint = checkpoint
        self._newest = 0
        self._may_be_stale = True  # whether a notification may have been lost
        self._notified = asyncio.Event()
        self._pause_timer: asyncio.TimerHandle | None = None
        self._channel = NotificationChannel(
            url, channel, on_notification=self._on_notification, on_gap=self._on_gap
        )

    async def next_checkpoint(self, after: int) -> int:
        """Wait for and return a checkpoint greater than `after`; raises `Unavailable`."""
        if self._pause_timer is not None:
            self._pause_timer.cancel()
        try:
            return await self._wait_beyond(after)
        finally:
            loop = asyncio.get_running_loop()
            self._pause_timer = loop.call_later(PAUSE_AFTER_S, self._channel.pause)

    async def close(self) -> None:
        """Stop listening."""
        if self._pause_timer is not None:
            self._pause_timer.cancel()
        await self._channel.close()

    async def _wait_beyond(self, after: int) -> int:
        while True:
            await self._channel.connection()
            self._notified.clear()
            if self._may_be_stale:
                found = await self._checkpoint()
                if not self._notified.is_set():  # otherwise the notification may be newer
                    self._newest, self._may_be_stale = found, False
            if self._newest > after:
                return self._newest
            try:
                async with asyncio.timeout(POLL_S):
                    await self._notified.wait()
            except TimeoutError:
                self._may_be_stale = True

    def _on_notification(self, _pid: int, checkpoint: int | None) -> None:
        if checkpoint is None:
            self._may_be_stale = True
        else:
            self._newest = checkpoint
        self._notified.set()

    def _on_gap(self) -> None:
        self._may_be_stale = True
        self._notified.set()
