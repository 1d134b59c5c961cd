"""Deadlines of attempts: nearly all end well before, so one that is met must cost next to nothing.

Those that fall into the same few milliseconds share a timer of the event loop, which stays when all
of them were met.
"""

import asyncio
from typing import Final, TypeAlias

TICK_MS: Final = 8
MIN_TICKS: Final = 256
"""How late a task may be cancelled, beside what keeps the loop busy: a tick, or this part of its
time if that is longer. So there are never many ticks, however long the times are."""

TickTasks: TypeAlias = "set[asyncio.Task[None]]"
"""The tasks that share a tick."""


class Deadlines:
    """Cancels tasks that take too long, and tells them so."""

    def __init__(self) -> None:
        self._ticks: dict[tuple[int, int], TickTasks] = {}
        self._expired: TickTasks = set()

    def start(self, task: asyncio.Task[None], timeout_ms: int) -> TickTasks:
        """Cancel `task` after `timeout_ms`, unless it is discarded from the set before."""
        loop = asyncio.get_running_loop()
        every_ms = max(TICK_MS, timeout_ms // MIN_TICKS)
        tick = (every_ms, int((loop.time() * 1000 + timeout_ms) / every_ms) + 1)
        due = self._ticks.get(tick)
        if due is None:
            due = self._ticks[tick] = set()
            loop.call_at(every_ms * tick[1] / 1000, self._expire, tick)
        due.add(task)
        return due

    def pop_expired(self, task: asyncio.Task[None]) -> bool:
        """Say, once, whether `task` was cancelled here."""
        if task not in self._expired:
            return False
        self._expired.discard(task)
        return True

    def _expire(self, tick: tuple[int, int]) -> None:
        for task in self._ticks.pop(tick):
            self._expired.add(task)
            task.cancel()
