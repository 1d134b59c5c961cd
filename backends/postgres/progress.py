"""How far the views of a database are, as the process that keeps them tells all others.

Each commit notifies with its checkpoint. As notifications get lost, the checkpoint is also asked
for from time to time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from backends.postgres.database import Connection, connect, part
from backends.postgres.errors import as_unavailable

CHANNEL = "baton_views"
POLL_S = 0.5


class Progress:
    """Waits for checkpoints to move."""

    def __init__(self, url: str, checkpoint: Callable[[], Awaitable[int]]) -> None:
        self._url = url
        self._checkpoint = checkpoint
        self._newest = 0
        self._told = asyncio.Event()
        self._listening: Connection | None = None

    async def moved(self, after: int) -> int:
        """Wait for and return a checkpoint behind `after`; raises `Unavailable`."""
        if self._listening is None or self._listening.is_closed():
            self._listening = await self._listen()
            self._newest = await self._checkpoint()
        while self._newest <= after:
            self._told.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._told.wait()
                    continue
            self._newest = await self._checkpoint()
        return self._newest

    async def close(self) -> None:
        """Listen no more."""
        listening, self._listening = self._listening, None
        if listening is not None:
            await part(listening)

    async def _listen(self) -> Connection:
        connection = await connect(self._url)
        try:
            with as_unavailable():
                await connection.add_listener(CHANNEL, self._hear)
        except BaseException:
            connection.terminate()
            raise
        return connection

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        if isinstance(payload, str) and payload.isdigit():
            self._newest = int(payload)
            self._told.set()
