"""Counts and durations by bounded labels; no decision depends on them."""

from bisect import bisect_left
from collections import Counter
from typing import Final, Generic, TypeVar

BOUNDS_S: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
    *(300.0, 900.0, 3600.0),
)
"""The upper bounds of the buckets of durations, in seconds."""
MAX_NAMES: Final = 200
"""Definitions or functions that have figures of their own."""
OTHER: Final = "other"
"""Stands for the definitions or functions beyond them."""

K = TypeVar("K")


class Names(Generic[K]):
    """Bounds the values of a label: those that come after the first `MAX_NAMES` are `other`."""

    def __init__(self, other: K) -> None:
        self._other = other
        self._known: set[K] = set()

    def bounded(self, name: K) -> K:
        """Return the name, or the one that stands for all further names."""
        if name in self._known:
            return name
        if len(self._known) >= MAX_NAMES:
            return self._other
        self._known.add(name)
        return name


class Durations(Generic[K]):
    """Durations by label, in buckets; `sums` are in seconds."""

    def __init__(self) -> None:
        self.buckets: dict[K, list[int]] = {}
        self.sums: dict[K, float] = {}

    def observe(self, label: K, ms: int) -> None:
        """Add a duration in milliseconds; a negative one, of clocks that differ, counts as 0."""
        seconds = max(0, ms) / 1_000
        buckets = self.buckets.get(label)
        if buckets is None:
            buckets = self.buckets[label] = [0] * (len(BOUNDS_S) + 1)
            self.sums[label] = 0.0
        buckets[bisect_left(BOUNDS_S, seconds)] += 1
        self.sums[label] += seconds

    def counts(self) -> dict[K, tuple[list[int], float]]:
        """Return the buckets and the sum of each label."""
        return {label: (buckets, self.sums[label]) for label, buckets in self.buckets.items()}


class Figures:
    """Everything that was counted since the process started.

    A definition is a tenant and a slug.
    """

    def __init__(self) -> None:
        self.definitions: Names[tuple[str, str]] = Names(("", OTHER))
        self.functions: Names[str] = Names(OTHER)
        self.requested: Counter[tuple[str, str, str]] = Counter()  # definition, trigger
        self.ended: Counter[tuple[str, str, str]] = Counter()  # definition, status
        self.run_times: Durations[tuple[str, str]] = Durations()
        self.attempts: Counter[tuple[str, str]] = Counter()  # function, outcome
        self.attempt_times: Durations[str] = Durations()
        self.schedule_lags: Durations[None] = Durations()
        self.timer_lags: Durations[None] = Durations()
