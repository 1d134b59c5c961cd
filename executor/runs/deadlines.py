"""Deadlines of attempts, at next to no cost: nearly all attempts end long before their deadline.

Deadlines in the same few milliseconds share one timer of the event loop, which is never cancelled.
"""

import asyncio
from typing import Final, TypeAlias

TICK_MS: Final = 8
"""The interval whose deadlines share a timer; a task is cancelled at most so much too late."""
TICKS_PER_TIMEOUT: Final = 256
"""Ticks of a long timeout: its task is cancelled at most 1/256 of the timeout too late.

Long timeouts therefore have long ticks, which keeps the number of timers small.
"""

TickTasks: TypeAlias = "set[asyncio.Task[None]]"
"""The tasks whose deadlines share a tick."""


class Deadlines:
    """Cancels tasks at their deadlines, and distinguishes these cancellations from others."""

    def __init__(self) -> None:
        self._ticks: dict[tuple[int, int], TickTasks] = {}
        self._expired: TickTasks = set()

    def start(self, task: asyncio.Task[None], timeout_ms: int) -> TickTasks:
        """Cancel `task` after `timeout_ms`, unless the caller discards it from the returned set."""
        loop = asyncio.get_running_loop()
        tick_ms = max(TICK_MS, timeout_ms // TICKS_PER_TIMEOUT)
        tick = (tick_ms, int((loop.time() * 1000 + timeout_ms) / tick_ms) + 1)
        tasks = self._ticks.get(tick)
        if tasks is None:
            tasks = self._ticks[tick] = set()
            loop.call_at(tick_ms * tick[1] / 1000, self._expire, tick)
        tasks.add(task)
        return tasks

    def pop_expired(self, task: asyncio.Task[None]) -> bool:
        """Return whether `task` was cancelled at its deadline, and forget it."""
        if task not in self._expired:
            return False
        self._expired.discard(task)
        return True

    def _expire(self, tick: tuple[int, int]) -> None:
        for task in self._ticks.pop(tick):
            self._expired.add(task)
            task.cancel()
