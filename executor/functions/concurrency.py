"""Bounds how many calls are under way at once."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from baton.executor.functions.call import Call, CallOutcome

Perform = Callable[[Call], Awaitable[CallOutcome]]


class FifoSemaphore:
    """So many at once, given away in the order of asking.

    What asyncio's semaphore does, but a place that is free costs no coroutine.
    """

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: deque[asyncio.Future[None]] = deque()

    def try_acquire(self) -> bool:
        """Take a free place, if there is one: then nobody waits."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def wait(self) -> None:
        """Return with the place that somebody left, in the order of asking."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():
                self.release()  # it had just been handed over
            raise

    def release(self) -> None:
        """Hand the place over, or leave it free."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1


class ConcurrencyLimit:
    """FifoSemaphore for calls of one function, within the semaphore of all."""

    def __init__(self, total: FifoSemaphore, size: int) -> None:
        self._total = total
        self._own = FifoSemaphore(size)

    def around(self, perform: Perform) -> Perform:
        """Return `perform` with a place taken for as long as it lasts."""

        async def performed(call: Call) -> CallOutcome:
            await self.acquire()
            try:
                return await perform(call)
            finally:
                self.release()

        return performed

    async def acquire(self) -> None:
        """Wait for a place: one of the function's own first, so that waiting costs others none."""
        if not self._own.try_acquire():
            await self._own.wait()
        try:
            if not self._total.try_acquire():
                await self._total.wait()
        except BaseException:
            self._own.release()
            raise

    def release(self) -> None:
        """Give the place back."""
        self._total.release()
        self._own.release()
