"""Counts and durations by bounded labels; no decision depends on them."""

from collections import Counter, defaultdict
from typing import Final, Generic, TypeVar

from baton.eventlog.figures.histogram import Histogram

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


class Figures:
    """Everything that was counted since the process started.

    A definition is a tenant and a slug. Times are in seconds.
    """

    def __init__(self) -> None:
        self.definitions: Names[tuple[str, str]] = Names(("", OTHER))
        self.functions: Names[str] = Names(OTHER)
        self.requested: Counter[tuple[str, str, str]] = Counter()  # definition, trigger
        self.ended: Counter[tuple[str, str, str]] = Counter()  # definition, status
        self.run_times: defaultdict[tuple[str, str], Histogram] = defaultdict(Histogram)
        self.attempts: Counter[tuple[str, str]] = Counter()  # function, outcome
        self.attempt_times: defaultdict[tuple[str], Histogram] = defaultdict(Histogram)
        self.schedule_lags = Histogram()
        self.timer_lags = Histogram()
