"""The bounded cache of live runs, and the versions at which recently finished runs ended."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from baton.domain.run.state import State
from baton.executor.runs.live_run import LiveRun

MAX_FINISHED_REMEMBERED: Final = 50_000
"""The number of finished runs whose echoes are recognized without reading the store."""
_EVICTED_AT_ONCE: Final = 0.1
"""The share of the cache that one eviction frees; each eviction scans all live runs."""


class LiveRuns:
    """Live runs by stream.

    `get` returns the live run of a stream, None when it isn't cached.

    Args:
        size: The number of runs from which on idle runs are evicted, oldest first. Busy runs are
            never evicted, so the cache may hold more. The event that ends an idle run's wait loads
            the run again.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._runs: dict[str, LiveRun] = {}
        self.get: Final = self._runs.get  # the dict's method, as it is called for every event
        self._finished: OrderedDict[str, int] = OrderedDict()  # the last version by stream

    def __len__(self) -> int:
        return len(self._runs)

    def __contains__(self, stream: str) -> bool:
        return stream in self._runs

    def __iter__(self) -> Iterator[LiveRun]:
        return iter(self._runs.values())

    def add(self, stream: str, state: State) -> LiveRun:
        """Cache a run whose log was delivered up to `state`, and return it."""
        run = self._runs[stream] = LiveRun(stream, state, seen_version=state.version)
        if len(self._runs) > self._size:
            self._evict_idle()
        return run

    def evict(self, run: LiveRun) -> None:
        """Remove a run; a finished run is remembered, so that its echoes are recognized."""
        if self._runs.get(run.stream) is run:  # an abandoned run may have been loaded again
            del self._runs[run.stream]
        if run.state.final:
            self.remember_finished(run.stream, run.state.version)

    def remember_finished(self, stream: str, version: int) -> None:
        """Remember that the run of `stream` ended with `version`."""
        self._finished[stream] = version
        if len(self._finished) > MAX_FINISHED_REMEMBERED:
            self._finished.popitem(last=False)

    def finished_before(self, stream: str, version: int) -> bool:
        """Return whether the run of `stream` is known to have ended at or after `version`."""
        return version <= self._finished.get(stream, 0)

    def _evict_idle(self) -> None:
        surplus = len(self._runs) - self._size + int(self._size * _EVICTED_AT_ONCE)
        idle = [stream for stream, run in self._runs.items() if run.idle]
        for stream in idle[:surplus]:
            del self._runs[stream]
