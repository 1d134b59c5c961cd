"""A clock that stands still until it is moved."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count
from math import ceil
from typing import Final

from baton.eventlog.virtual_time.activity import Activity

_CANCELLED_KEPT: Final = 64
"""The number of cancelled entries that the heap always may hold.

Above it, the heap holds no more cancelled entries than others.
"""


class Due:
    """A callback that the clock calls at a due time, unless it is cancelled."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Prevent the callback from being called."""
        self.call = None


class VirtualClock:
    """Implements `Clock`. A task that sleeps until a due time wakes when the clock is moved there.

    Idling has no time of its own: it ends when the mover of the clock calls `wake_idlers`.

    Args:
        now: The time at which the clock begins, in ms since the epoch, UTC.
        activity: A sleeping task doesn't count as working there.
        real_idle: Idling ends after its duration of real time as well, so that a server answers
            while its clock stands still.

    Attributes:
        wakes: How often the clock has woken a task.
    """

    def __init__(self, now: int, activity: Activity, *, real_idle: bool = False) -> None:
        self.wakes = 0
        self._now = now
        self._activity = activity
        self._real_idle = real_idle
        self._order = count()
        self._dues: list[tuple[int, int, Due]] = []
        self._kept = 0  # entries of `_dues` after the last removal of cancelled ones
        self._idlers: set[asyncio.Future[None]] = set()

    def now(self) -> int:
        """Return the time to which the clock was moved."""
        return self._now

    async def sleep_until(self, due_at: float) -> None:
        """Return when the clock has been moved to `due_at` (ms) or beyond."""
        if due_at <= self._now:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        due = self.call_at(due_at, lambda: _wake(woken))
        try:
            with self._activity.resting():
                await woken
        finally:
            due.cancel()

    async def idle(self, duration_ms: float) -> None:
        """Return when idlers are woken; with `real_idle` after `duration_ms` at the latest."""
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        self._idlers.add(woken)
        timer = loop.call_later(duration_ms / 1_000, _wake, woken) if self._real_idle else None
        try:
            with self._activity.resting():
                await woken
        finally:
            self._idlers.discard(woken)
            if timer is not None:
                timer.cancel()

    def call_at(self, due_at: float, call: Callable[[], None]) -> Due:
        """Call `call` when the clock is moved to `due_at` (ms), which must be in the future."""
        due = Due(call)
        if len(self._dues) > 2 * self._kept + _CANCELLED_KEPT:
            self._dues = [entry for entry in self._dues if entry[2].call is not None]
            heapq.heapify(self._dues)
            self._kept = len(self._dues)
        heapq.heappush(self._dues, (ceil(due_at), next(self._order), due))
        return due

    def next_due(self) -> int | None:
        """Return the earliest due time that a task or callback waits for, None if there is none."""
        while self._dues and self._dues[0][2].call is None:
            heapq.heappop(self._dues)
        return self._dues[0][0] if self._dues else None

    def move(self, to: int) -> None:
        """Set the clock to a later time, and wake the tasks due by then, the earliest first."""
        self._now = max(self._now, to)
        while (due_at := self.next_due()) is not None and due_at <= self._now:
            due = heapq.heappop(self._dues)[2]
            call, due.call = due.call, None
            if call is not None:
                self.wakes += 1
                call()

    def wake_idlers(self) -> None:
        """End the idling of every task that idles now."""
        idlers, self._idlers = self._idlers, set()
        self.wakes += len(idlers)
        for woken in idlers:
            _wake(woken)


def _wake(woken: "asyncio.Future[None]") -> None:
    if not woken.done():
        woken.set_result(None)
