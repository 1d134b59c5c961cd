"""Limits the rate of cheap answers: refusals, when thousands are sent at once."""

import asyncio
import time
from collections.abc import Callable

from baton.command_api.budgets.limits import Rate

MAX_DELAY_S = 5.0


class Pace:
    """Delays its callers so that `rate` is kept, first come first served, by at most 5 s."""

    __slots__ = ("_interval", "_next", "_now", "_slack")

    def __init__(self, rate: Rate, now: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1 / rate.per_s
        self._slack = rate.burst * self._interval
        self._now = now
        self._next = 0.0

    def delay_s(self) -> float:
        """Return how long the caller must wait, and count the caller."""
        now = self._now()
        self._next = max(self._next, now - self._slack) + self._interval
        return min(max(self._next - now, 0.0), MAX_DELAY_S)

    async def wait(self) -> None:
        """Wait for the caller's turn."""
        delay = self.delay_s()
        if delay:
            await asyncio.sleep(delay)
