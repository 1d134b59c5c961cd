"""A limit of events per second."""

import asyncio
from typing import Final

SHORTEST_S: Final = 0.01
"""Shorter pauses are saved up for the next one."""


class Pace:
    """Pauses as long as needed to stay below `events_per_s`; 0 is no limit.

    Time that wasn't used is lost, so there is no burst after a quiet time. The pauses use the
    loop's time, as those of the projector do.
    """

    def __init__(self, events_per_s: int) -> None:
        self._events_per_s = events_per_s
        self._free_at = 0.0

    async def keep(self, events: int) -> None:
        """Pause after that many events."""
        if not self._events_per_s:
            return
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now) + events / self._events_per_s
        if self._free_at - now > SHORTEST_S:
            await asyncio.sleep(self._free_at - now)
