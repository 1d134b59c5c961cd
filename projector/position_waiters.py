"""Waiting for views to hold a position."""

import asyncio
import heapq
from itertools import count


class PositionWaiters:
    """Those who wait until the views hold a position, the lowest first."""

    def __init__(self) -> None:
        self._order = count()
        self._came = asyncio.Event()
        self._heap: list[tuple[int, int, asyncio.Future[bool]]] = []

    @property
    def anybody(self) -> bool:
        """Whether there is one."""
        return bool(self._heap)

    async def somebody(self) -> None:
        """Return when there is one."""
        while not self._heap:
            self._came.clear()
            await self._came.wait()

    async def until(self, position: int, timeout_ms: int) -> bool:
        """Wait until `position` is reached; False when it isn't after `timeout_ms`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        entry = (position, next(self._order), future)
        heapq.heappush(self._heap, entry)
        self._came.set()
        timer = loop.call_later(timeout_ms / 1000, _give_up, future)
        try:
            return await future
        finally:
            timer.cancel()
            if future.cancelled() or not future.result():
                self._drop(entry)

    def reach(self, position: int) -> None:
        """Wake those who wait for `position` or less."""
        while self._heap and self._heap[0][0] <= position:
            _, _, future = heapq.heappop(self._heap)
            if not future.done():
                future.set_result(True)

    def _drop(self, entry: tuple[int, int, asyncio.Future[bool]]) -> None:
        if entry in self._heap:
            self._heap.remove(entry)
            heapq.heapify(self._heap)


def _give_up(future: asyncio.Future[bool]) -> None:
    if not future.done():
        future.set_result(False)
