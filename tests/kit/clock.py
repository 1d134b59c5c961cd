"""Clocks that tests control; all of them implement the port `Clock`."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

from baton.eventlog.clock import SystemClock
from tests.kit.eventually import eventually

NOW = 1_700_000_000_000
"""The time at which these clocks begin, in ms since the epoch."""


class ManualClock:
    """A clock that moves only when a test calls `advance`."""

    def __init__(self, now: int = NOW) -> None:
        self._now = now
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> int:
        """Return the time that the test has set."""
        return self._now

    async def sleep_until(self, due_at: float) -> None:
        """Return once the test has moved the clock to `due_at`; a jump changes no running sleep."""
        await self.idle(due_at - self.now())

    async def idle(self, duration_ms: float) -> None:
        """Return once the test has moved the clock by `duration_ms`."""
        if duration_ms <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + duration_ms, next(self._order), woken))
        await woken

    @property
    def sleepers(self) -> int:
        """The number of tasks that sleep on this clock."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    async def advance_until(self, condition: Callable[[], object], *, step_ms: int) -> None:
        """Move the clock in steps of `step_ms` until `condition` returns a true value."""

        async def is_true() -> bool:
            if not condition():
                await self.advance(step_ms)
            return bool(condition())

        await eventually(is_true, every_s=0)

    async def advance(self, duration_ms: int) -> None:
        """Move the clock; stop at each sleeper's time on the way, and let that sleeper run."""
        await _settle()
        target = self._now + duration_ms
        while self._sleepers and self._sleepers[0][0] <= target:
            due, _, woken = heapq.heappop(self._sleepers)
            self._now = max(self._now, int(due))
            if not woken.done():
                woken.set_result(None)
                await _settle()
        self._now = target
        await _settle()


class SettableClock(ManualClock):
    """A manual clock whose wall time can jump; a jump changes no running sleep."""

    jump_ms = 0

    def now(self) -> int:
        """Return the time that the test has set, with the jump added."""
        return super().now() + self.jump_ms


class SkippingClock:
    """A clock that never moves; every sleep returns at once and is recorded in `slept`."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> int:
        """Return `NOW`."""
        return NOW

    async def sleep_until(self, due_at: float) -> None:
        """Record the sleep and return."""
        await self.idle(due_at - NOW)

    async def idle(self, duration_ms: float) -> None:
        """Record the sleep and return."""
        self.slept.append(duration_ms)
        await asyncio.sleep(0)


async def _settle() -> None:
    """Let the tasks that were woken run until they wait again."""
    for _ in range(10):
        await asyncio.sleep(0)


async def next_millisecond() -> None:
    """Return in a later millisecond of the system's clock: lists are sorted by milliseconds."""
    clock = SystemClock()
    now = clock.now()
    await eventually(lambda: clock.now() > now, within_s=5, every_s=0)
