"""A clock that only moves when a test advances it."""

import asyncio
import heapq
from itertools import count


class ManualClock:
    """A clock that stands still until `advance` moves it."""

    def __init__(self, now: int = 1_700_000_000_000) -> None:
        self._now = now
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> int:
        """Return milliseconds since the epoch, UTC."""
        return self._now

    async def sleep(self, duration_ms: float) -> None:
        """Return when the clock was moved by `duration_ms`."""
        if duration_ms <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + duration_ms, next(self._order), woken))
        await woken

    @property
    def sleepers(self) -> int:
        """How many wait for the clock to move."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    async def advance(self, duration_ms: int) -> None:
        """Move the clock, stopping at each sleeper's time on the way to let it go on."""
        await _settle()
        target = self._now + duration_ms
        while self._sleepers and self._sleepers[0][0] <= target:
            due, _, woken = heapq.heappop(self._sleepers)
            self._now = max(self._now, int(due))
            if not woken.done():
                woken.set_result(None)
                await _settle()
        self._now = target
        await _settle()


async def _settle() -> None:
    """Let what was woken run up to its next wait."""
    for _ in range(10):
        await asyncio.sleep(0)
