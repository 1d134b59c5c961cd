"""Counters and histograms with bounded labels; no decision depends on them."""

from collections import Counter, defaultdict
from typing import Final, Generic, TypeVar

from baton.eventlog.metrics.histogram import Histogram

MAX_NAMES: Final = 200
"""The number of definitions, and of functions, that have label values of their own."""
OTHER: Final = "other"
"""The label value of all further definitions or functions."""

K = TypeVar("K")


class LabelValues(Generic[K]):
    """Bounds the values of a label: after the first `MAX_NAMES`, all values become `other`."""

    def __init__(self, other: K) -> None:
        self._other = other
        self._known: set[K] = set()

    def bounded(self, name: K) -> K:
        """Return the label value of a name: the name itself, or `other`."""
        if name in self._known:
            return name
        if len(self._known) >= MAX_NAMES:
            return self._other
        self._known.add(name)
        return name


class Metrics:
    """The counters and histograms since the process started.

    Definitions are labeled by tenant and slug. Times are in seconds.
    """

    def __init__(self) -> None:
        self.definitions: LabelValues[tuple[str, str]] = LabelValues(("", OTHER))
        self.functions: LabelValues[str] = LabelValues(OTHER)
        self.requested: Counter[tuple[str, str, str]] = Counter()  # definition, trigger
        self.ended: Counter[tuple[str, str, str]] = Counter()  # definition, status
        self.run_times: defaultdict[tuple[str, str], Histogram] = defaultdict(Histogram)
        self.attempts: Counter[tuple[str, str]] = Counter()  # function, outcome
        self.attempt_times: defaultdict[tuple[str], Histogram] = defaultdict(Histogram)
        self.schedule_lags = Histogram()
        self.timer_lags = Histogram()
