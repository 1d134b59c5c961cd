"""How far the views of a database are, as the process that keeps them tells all others.

Each commit notifies with its checkpoint. As notifications get lost, the checkpoint is also asked
for from time to time, and whenever the connection was made anew.
"""

import asyncio
from collections.abc import Awaitable, Callable

from baton.backends.postgres.notification_channel import Listener

CHANNEL = "baton_views"
POLL_S = 0.5
REST_S = 2.0
"""How long it goes on listening when nobody asks."""


class Progress:
    """Waits for checkpoints to move."""

    def __init__(self, url: str, checkpoint: Callable[[], Awaitable[int]]) -> None:
        self._checkpoint = checkpoint
        self._newest = 0
        self._missing = True  # whether it may have moved unheard
        self._told = asyncio.Event()
        self._resting: asyncio.TimerHandle | None = None
        self._listener = Listener(url, CHANNEL, heard=self._heard, missed=self._missed)

    async def moved(self, after: int) -> int:
        """Wait for and return a checkpoint behind `after`; raises `Unavailable`."""
        if self._resting is not None:
            self._resting.cancel()
        try:
            return await self._moved(after)
        finally:
            loop = asyncio.get_running_loop()
            self._resting = loop.call_later(REST_S, self._listener.rest)

    async def close(self) -> None:
        """Listen no more."""
        if self._resting is not None:
            self._resting.cancel()
        await self._listener.close()

    async def _moved(self, after: int) -> int:
        while True:
            await self._listener.connection()
            self._told.clear()
            if self._missing:
                found = await self._checkpoint()
                if not self._told.is_set():  # else what was heard meanwhile may be newer
                    self._newest, self._missing = found, False
            if self._newest > after:
                return self._newest
            try:
                async with asyncio.timeout(POLL_S):
                    await self._told.wait()
            except TimeoutError:
                self._missing = True

    def _heard(self, _pid: int, checkpoint: int | None) -> None:
        if checkpoint is None:
            self._missing = True
        else:
            self._newest = checkpoint
        self._told.set()

    def _missed(self) -> None:
        self._missing = True
        self._told.set()
