"""Token buckets by key, as the generic cell rate algorithm: one number per key.

The number is the time at which the bucket is full again, so a full bucket needs no entry.
"""

import math
import time
from collections.abc import Callable

from baton.command_api.budgets.limits import Rate

MAX_KEYS = 10_000
"""The number of keys whose bucket isn't full; above it, the oldest tenth is forgotten."""


class TokenBuckets:
    """A bucket of `rate.burst` tokens for each key; it gains `rate.per_s` tokens a second.

    Args:
        rate: The rate; one with a 0 never runs out.
        now: Returns the time in seconds, monotonic.
    """

    __slots__ = ("_full_at", "_interval", "_now", "_window")

    def __init__(self, rate: Rate, now: Callable[[], float] = time.monotonic) -> None:
        limited = rate.burst > 0 and rate.per_s > 0
        self._interval = 1 / rate.per_s if limited else 0.0
        self._window = rate.burst * self._interval
        self._now = now
        self._full_at: dict[str, float] = {}

    def take(self, key: str) -> int:
        """Take a token and return 0, or return the seconds (1 or more) until there is one."""
        if not self._interval:
            return 0
        now = self._now()
        full_at = max(self._full_at.get(key, now), now) + self._interval
        missing = full_at - now - self._window
        if missing > 1e-9:  # noqa: PLR2004 - rounding errors are no missing token
            return math.ceil(missing)
        if key not in self._full_at and len(self._full_at) >= MAX_KEYS:
            self._forget(now)
        self._full_at[key] = full_at
        return 0

    def _forget(self, now: float) -> None:
        for key in [other_key for other_key, full_at in self._full_at.items() if full_at <= now]:
            del self._full_at[key]
        if len(self._full_at) >= MAX_KEYS:
            for key in list(self._full_at)[: MAX_KEYS // 10]:
                del self._full_at[key]
