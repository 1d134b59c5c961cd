"""What is put on a subject, and what was measured: records that processes exchange as JSON."""

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
        """Return the shape that is named."""
        return SHAPES[self.shape]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All runs of one load: `seconds` until the last was over, `p50_ms` and `p99_ms` of one.

    `cpu_seconds` and `rss_mib` are those of the process that did the work, where it is known.
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
    """Says whether one more run may start; any thread may ask."""

    def __init__(self, load: Load) -> None:
        self._runs = load.runs or math.inf
        self._until = time.perf_counter() + load.seconds
        self._lock = threading.Lock()
        self.started = 0

    def take(self) -> bool:
        """Return whether one more run starts now, and count it."""
        with self._lock:
            if self.started >= self._runs or time.perf_counter() >= self._until:
                return False
            self.started += 1
            return True


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of the values don't exceed; 0 without values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
