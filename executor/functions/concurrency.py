"""Limits how many calls are in flight at once, per function and over all functions."""

import asyncio
from collections import deque


class FifoSemaphore:
    """A FIFO semaphore whose uncontended acquire needs no coroutine.

    Args:
        size: How many holders there may be at once.
    """

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: deque[asyncio.Future[None]] = deque()

    def try_acquire(self) -> bool:
        """Acquire at once and return True, or return False if every place has a holder."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def acquire(self) -> None:
        """Acquire in the order of the calls; a cancelled call holds nothing."""
        if self.try_acquire():
            return
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(granted)
        try:
            await granted
        except asyncio.CancelledError:
            if not granted.cancelled():
                self.release()  # it was granted just before the cancellation
            raise

    def release(self) -> None:
        """Grant the place to the first waiting call, or free it."""
        while self._waiting:
            granted = self._waiting.popleft()
            if not granted.done():
                granted.set_result(None)
                return
        self._free += 1


class ConcurrencyLimit:
    """Limits the calls of one function, within the limit over all functions.

    Args:
        total: The semaphore that all functions share.
        size: How many calls of this function may be in flight.
    """

    def __init__(self, total: FifoSemaphore, size: int) -> None:
        self._total = total
        self._own = FifoSemaphore(size)

    def try_acquire(self) -> bool:
        """Acquire a slot at once and return True, or return False if a call has to wait for it."""
        if not self._own.try_acquire():
            return False
        if self._total.try_acquire():
            return True
        self._own.release()
        return False

    async def acquire(self) -> None:
        """Wait for a slot: the function's own first, so that a busy function blocks no other."""
        await self._own.acquire()
        try:
            await self._total.acquire()
        except BaseException:
            self._own.release()
            raise

    def release(self) -> None:
        """Free the slot; on the event loop only."""
        self._total.release()
        self._own.release()
