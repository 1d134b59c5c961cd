"""Bounds how many calls are under way at once."""

import asyncio
from collections.abc import Awaitable, Callable

from domain.run.messages import Failed, Succeeded
from executor.handler import Call

Perform = Callable[[Call], Awaitable[Succeeded | Failed]]


class Room:
    """Places for calls of one function, within the places of all."""

    def __init__(self, total: asyncio.Semaphore, size: int) -> None:
        self._total = total
        self._own = asyncio.Semaphore(size)

    def around(self, perform: Perform) -> Perform:
        """Return `perform` with a place taken for as long as it lasts."""

        async def performed(call: Call) -> Succeeded | Failed:
            async with self._own, self._total:
                return await perform(call)

        return performed

    async def enter(self) -> None:
        """Wait for a place: one of the function's own first, so that waiting costs others none."""
        await self._own.acquire()
        try:
            await self._total.acquire()
        except BaseException:
            self._own.release()
            raise

    def leave(self) -> None:
        """Give the place back."""
        self._total.release()
        self._own.release()
