"""Loads and their results, exchanged between processes as JSON."""

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.shapes import SHAPES, Shape

TENANT = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Keep `in_flight` runs under way for `seconds`, or until `runs` were started (0: no limit)."""

    shape: str
    in_flight: int
    seconds: float
    runs: int = 0

    @property
    def of(self) -> Shape:
        """Return the load's shape."""
        return SHAPES[self.shape]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The result of one load: `seconds` until the last run ended, `p50_ms` and `p99_ms` of a run.

    `cpu_seconds` and `rss_mib` belong to the process that executed the runs, if it is known.
    """

    runs: int
    steps: int
    seconds: float
    cpu_seconds: float
    rss_mib: float
    p50_ms: float
    p99_ms: float

    @property
    def steps_per_s(self) -> float:
        """Return the throughput in steps."""
        return self.steps / self.seconds

    @property
    def runs_per_s(self) -> float:
        """Return the throughput in runs."""
        return self.runs / self.seconds


class Quota:
    """Decides whether one more run may start. Thread-safe."""

    def __init__(self, load: Load) -> None:
        self._runs = load.runs or math.inf
        self._until = time.perf_counter() + load.seconds
        self._lock = threading.Lock()
        self.started = 0

    def take(self) -> bool:
        """Count one more run; return False once the load is over."""
        with self._lock:
            if self.started >= self._runs or time.perf_counter() >= self._until:
                return False
            self.started += 1
            return True


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of the values don't exceed; 0 without values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
