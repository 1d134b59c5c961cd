"""Bounds how many calls are under way at once."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from baton.domain.run.messages import Failed, Succeeded
from baton.executor.functions.call import Call

Perform = Callable[[Call], Awaitable[Succeeded | Failed]]


class Places:
    """So many at once, given away in the order of asking.

    What asyncio's semaphore does, but a place that is free costs no coroutine.
    """

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
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
                self.leave()  # it had just been handed over
            raise

    def leave(self) -> None:
        """Hand the place over, or leave it free."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1


class Room:
    """Places for calls of one function, within the places of all."""

    def __init__(self, total: Places, size: int) -> None:
        self._total = total
        self._own = Places(size)

    def around(self, perform: Perform) -> Perform:
        """Return `perform` with a place taken for as long as it lasts."""

        async def performed(call: Call) -> Succeeded | Failed:
            await self.enter()
            try:
                return await perform(call)
            finally:
                self.leave()

        return performed

    async def enter(self) -> None:
        """Wait for a place: one of the function's own first, so that waiting costs others none."""
        if not self._own.take():
            await self._own.wait()
        try:
            if not self._total.take():
                await self._total.wait()
        except BaseException:
            self._own.leave()
            raise

    def leave(self) -> None:
        """Give the place back."""
        self._total.leave()
        self._own.leave()
