"""A rate limit: events per second."""

import asyncio
from typing import Final

SHORTEST_S: Final = 0.01
"""The shortest pause, in seconds; shorter pauses are added to the next one."""


class RateLimit:
    """Pauses to keep the rate below `events_per_s`; 0 is no limit.

    Unused time isn't saved up, so no burst follows a quiet time. The pauses use the event loop's
    time, as the projector's pauses do.
    """

    def __init__(self, events_per_s: int) -> None:
        self._events_per_s = events_per_s
        self._free_at = 0.0

    async def wait_after(self, events: int) -> None:
        """Pause after `events` events."""
        if not self._events_per_s:
            return
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now) + events / self._events_per_s
        if self._free_at - now > SHORTEST_S:
            await asyncio.sleep(self._free_at - now)
