"""A queue of keys ordered by due time, and the sleep until the first of them is due."""

import heapq
import math
from collections.abc import Iterator
from typing import Any, Final, Generic, TypeVar

from baton.eventlog.ports.clock import Clock
from baton.scheduler.interruptible_sleep import InterruptibleSleep

K = TypeVar("K", bound=Any)  # keys must be comparable: they break ties between equal due times

_SUPERSEDED_KEPT: Final = 64
"""The number of superseded entries that the heap always may hold.

Above it, the heap holds no more superseded entries than keys.
"""


class DueQueue(Generic[K]):
    """Holds each key once, under its earliest due time (ms since the epoch)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: dict[K, int] = {}
        self._heap: list[tuple[int, K]] = []  # also holds superseded entries
        self._sleep = InterruptibleSleep(clock)
        self._earliest: float = 0  # the due time at which the current wait ends

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._due)

    def overdue(self, by_ms: int) -> int:
        """Return the number of keys whose due time is more than `by_ms` ago."""
        before = self._clock.now() - by_ms
        return sum(due_at < before for due_at in self._due.values())

    def put(self, key: K, due_at: int) -> None:
        """Add a key, unless it is already due earlier; a new first key ends a `wait`."""
        earlier = self._due.get(key)
        if earlier is not None and earlier <= due_at:
            return
        self._due[key] = due_at
        heapq.heappush(self._heap, (due_at, key))
        if len(self._heap) > 2 * len(self._due) + _SUPERSEDED_KEPT:
            self._heap = [(at, one) for one, at in self._due.items()]
            heapq.heapify(self._heap)
        if due_at < self._earliest:
            self._sleep.interrupt()

    def pop_due(self) -> Iterator[K]:
        """Remove and yield the keys that are due now, the earliest first."""
        now = self._clock.now()
        while (due_at := self.next_due()) is not None and due_at <= now:
            _, key = heapq.heappop(self._heap)
            del self._due[key]
            yield key

    def next_due(self) -> int | None:
        """Return the earliest due time, None for an empty queue."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    async def wait(self, longest_ms: int) -> None:
        """Sleep until a key is due, at most `longest_ms`.

        The limit matters in any case, because the wall clock may be set forward during the sleep.
        """
        next_due = self.next_due()
        self._earliest = math.inf if next_due is None else next_due
        await self._sleep.sleep(longest_ms, next_due)
