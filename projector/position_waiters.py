"""Lets tasks wait until the views have reached a position of the log."""

import asyncio
import heapq
from itertools import count


class PositionWaiters:
    """The position of the views, and the tasks that wait for a higher one.

    `position` is -1 before the views exist.
    """

    def __init__(self) -> None:
        self.position = -1
        self._order = count()
        self._added = asyncio.Event()
        self._heap: list[tuple[int, int, asyncio.Future[bool]]] = []

    def __len__(self) -> int:
        """Return the number of waiting tasks."""
        return len(self._heap)

    async def any(self) -> None:
        """Wait until at least one task waits."""
        while not self._heap:
            self._added.clear()
            await self._added.wait()

    async def wait(self, position: int, timeout_ms: int) -> bool:
        """Wait until the views hold `position`; False if they don't after `timeout_ms`."""
        if position <= self.position:
            return True
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        entry = (position, next(self._order), future)
        heapq.heappush(self._heap, entry)
        self._added.set()
        timer = loop.call_later(timeout_ms / 1000, _time_out, future)
        try:
            return await future
        finally:
            timer.cancel()
            if future.cancelled() or not future.result():
                self._remove(entry)

    def advance(self, position: int) -> None:
        """Set the position and wake the tasks that wait for it or a lower one."""
        self.position = position
        while self._heap and self._heap[0][0] <= position:
            _, _, future = heapq.heappop(self._heap)
            if not future.done():
                future.set_result(True)

    def give_up(self) -> None:
        """End all waits; each returns False."""
        for _, _, future in self._heap:
            _time_out(future)
        self._heap.clear()

    def _remove(self, entry: tuple[int, int, asyncio.Future[bool]]) -> None:
        if entry in self._heap:
            self._heap.remove(entry)
            heapq.heapify(self._heap)


def _time_out(future: asyncio.Future[bool]) -> None:
    if not future.done():
        future.set_result(False)
