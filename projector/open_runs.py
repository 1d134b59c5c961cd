"""A limit on unfinished runs by key, without a query per start.

The views are counted when a key is first seen, and again when the runs started since then could
have reached the limit, at most once a second. The number is therefore an upper bound of what the
views show, but for runs that other processes start. While there are no views to count in, every run
is admitted: commands don't depend on views.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from baton.eventlog.errors import Unavailable

MAX_KEYS = 10_000
RECOUNT_S = 1.0


class _Known:
    __slots__ = ("counted_at", "counting", "runs")

    def __init__(self, counted_at: float) -> None:
        self.runs = 0
        self.counted_at = counted_at
        self.counting = asyncio.Lock()


class OpenRuns:
    """Counts unfinished runs by key, up to `limit`; 0 is no limit.

    Several runs are admitted together if there is room for one, so that none waits for ever.
    """

    __slots__ = ("_known", "_limit", "_now")

    def __init__(self, limit: int, now: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._now = limit, now
        self._known: dict[str, _Known] = {}

    def take(self, key: str, runs: int = 1) -> bool:
        """Count more runs if the limit is known to allow it; else `admit` has to be asked."""
        known = self._known.get(key)
        if known is None or known.runs >= self._limit:
            return not self._limit
        known.runs += runs
        return True

    async def admit(self, key: str, count: Callable[[], Awaitable[int]], runs: int = 1) -> bool:
        """Return whether more runs may start, and count them.

        Args:
            key: The tenant or the webhook.
            count: Called on the event loop for the number of unfinished runs in the views; may
                raise Unavailable.
            runs: The number of runs to start; 0 only asks.
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
        """Count in the views for all who ask meanwhile: they wait for the number."""
        async with known.counting:
            if known.runs >= self._limit and self._now() - known.counted_at >= RECOUNT_S:
                known.counted_at = self._now()
                known.runs = await count()

    def give_back(self, key: str, runs: int = 1) -> None:
        """Count runs less that were admitted and didn't start."""
        known = self._known.get(key)
        if known is not None:
            known.runs = max(0, known.runs - runs)

    def _add(self, key: str) -> _Known:
        if len(self._known) >= MAX_KEYS:
            for oldest in list(self._known)[: MAX_KEYS // 10]:
                del self._known[oldest]
        known = self._known[key] = _Known(self._now())
        return known
