"""A limit on unfinished runs by key, without a query for every start.

Unfinished runs are counted in the views when a key is first seen. They are counted again, at most
once a second, when the number of runs started since then reaches the limit. Between two counts the
number is an upper bound, except for runs that other processes start. While the views are
unavailable every run is admitted, because commands don't depend on views.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from baton.eventlog.errors import Unavailable

MAX_KEYS = 10_000
"""The number of keys from which on the oldest tenth is dropped."""
RECOUNT_S = 1.0
"""The shortest time between two counts for one key, in seconds."""


class _Known:
    __slots__ = ("counted_at", "counting", "runs")

    def __init__(self, counted_at: float) -> None:
        self.runs = 0
        self.counted_at = counted_at
        self.counting = asyncio.Lock()


class OpenRuns:
    """Counts unfinished runs by key, up to `limit`; 0 is no limit.

    A group of runs is admitted as a whole if one more run is allowed: a group larger than the limit
    would otherwise wait for ever.
    """

    __slots__ = ("_known", "_limit", "_now")

    def __init__(self, limit: int, now: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._now = limit, now
        self._known: dict[str, _Known] = {}

    def take(self, key: str, runs: int = 1) -> bool:
        """Count more runs and return True, or return False if only `admit` can decide."""
        known = self._known.get(key)
        if known is None or known.runs >= self._limit:
            return not self._limit
        known.runs += runs
        return True

    async def admit(self, key: str, count: Callable[[], Awaitable[int]], runs: int = 1) -> bool:
        """Return whether more runs may start, and count them.

        Args:
            key: The tenant or the webhook.
            count: Returns the number of unfinished runs in the views, or raises `Unavailable`;
                called on the event loop.
            runs: The number of runs to start; with 0, nothing is counted.
        """
        if not self._limit:
            return True
        known = self._known.get(key)
        if known is None:
            known = self._add(key)
            try:
                known.runs += await count()
            except Unavailable:
                self._known.pop(key, None)
                return True
        elif known.runs >= self._limit:
            await self._count_again(known, count)
        if known.runs >= self._limit:
            return False
        known.runs += runs
        return True

    async def _count_again(self, known: _Known, count: Callable[[], Awaitable[int]]) -> None:
        """Count in the views; concurrent callers wait for the same count."""
        async with known.counting:
            if known.runs >= self._limit and self._now() - known.counted_at >= RECOUNT_S:
                known.counted_at = self._now()
                known.runs = await count()

    def give_back(self, key: str, runs: int = 1) -> None:
        """Subtract admitted runs that didn't start."""
        known = self._known.get(key)
        if known is not None:
            known.runs = max(0, known.runs - runs)

    def _add(self, key: str) -> _Known:
        if len(self._known) >= MAX_KEYS:
            for oldest in list(self._known)[: MAX_KEYS // 10]:
                del self._known[oldest]
        known = self._known[key] = _Known(self._now())
        return known
