"""Lag of the log's followers in ms, computed from samples of their positions."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.load import quantile

LIMIT_MS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """`at_ms` counts from the first sample; a lag is the age of the oldest unprocessed event."""

    at_ms: int
    views_ms: int
    relay_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A run that started at `at_ms`, `waited_ms` after its request."""

    at_ms: int
    waited_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Samples taken during one load; `ended_ms` is the end of its last run."""

    lags: Sequence[Lag]
    waits: Sequence[Wait]
    ended_ms: int
    queries_ms: Mapping[str, Sequence[float]]
    steps_per_s: float

    @property
    def query_p50_ms(self) -> float:
        """Return the median duration of queries during the load."""
        return quantile(self._queries, 0.5)

    @property
    def query_p99_ms(self) -> float:
        """Return the 99th percentile of the duration."""
        return quantile(self._queries, 0.99)

    @property
    def _queries(self) -> list[float]:
        return [took for taken in self.queries_ms.values() for took in taken]

    def back_after_ms(self, follower: str) -> int:
        """Return how many ms after the load's end "views" or "relay" last had a larger lag."""
        late = [one.at_ms for one in self.lags if getattr(one, f"{follower}_ms") >= LIMIT_MS]
        return max(0, late[-1] - self.ended_ms) if late else 0


def lags(positions: Sequence[Sequence[int]]) -> list[Lag]:
    """Return the lags at each sample of (ms, newest event, views, relay)."""
    times, heads = [one[0] for one in positions], [one[1] for one in positions]

    def age(at_ms: int, held: int) -> int:
        first = bisect_right(heads, held)  # the first sample that shows an event not held
        return max(0, at_ms - times[first]) if first < len(heads) else 0

    return [
        Lag(at_ms=at_ms - times[0], views_ms=age(at_ms, views), relay_ms=age(at_ms, relay))
        for at_ms, _, views, relay in positions
    ]


def worst_by_moment(waits: Sequence[Wait], every_ms: int = 50) -> list[Wait]:
    """Return the longest wait per interval, for charts."""
    worst: dict[int, int] = {}
    for one in waits:
        moment = one.at_ms // every_ms * every_ms
        worst[moment] = max(worst.get(moment, 0), one.waited_ms)
    return [Wait(at_ms=at_ms, waited_ms=waited) for at_ms, waited in sorted(worst.items())]
