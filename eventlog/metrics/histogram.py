"""A histogram for /metrics; no decision depends on it."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

SECONDS: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
    *(300.0, 900.0, 3600.0),
)
"""The bucket bounds for durations of work, in seconds."""


class Histogram:
    """Counts observations by size.

    Args:
        bounds: The upper bounds of the buckets, in order.

    Attributes:
        buckets: The number of observations in each bucket; the last bucket has no upper bound.
        sum: The sum of all observations.
    """

    __slots__ = ("bounds", "buckets", "sum")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self.bounds = bounds
        self.buckets = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Add an observation."""
        self.buckets[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def observe_ms(self, ms: int) -> None:
        """Add a duration in milliseconds; a negative one (clock skew) counts as 0."""
        self.observe(max(0, ms) / 1_000)

    def add(self, other: "Histogram") -> None:
        """Add the observations of another histogram with the same bounds."""
        self.buckets = [mine + more for mine, more in zip(self.buckets, other.buckets, strict=True)]
        self.sum += other.sum
