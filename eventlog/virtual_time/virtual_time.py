"""Moves a virtual clock from due time to due time, each time after all due work is done."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from baton.eventlog.virtual_time.activity import Activity
from baton.eventlog.virtual_time.clock import VirtualClock

VIEWS_MS: Final = 10_000
"""The real time that one wait for the views may take, in ms."""


class VirtualTime:
    """The virtual clock of a process, and its only mover.

    Args:
        now: The time at which the clock begins, in ms since the epoch, UTC.
        real_idle: Polls also continue in real time, so that a server works while its clock stands
            still.
    """

    def __init__(self, now: int, *, real_idle: bool = False) -> None:
        self.activity = Activity()
        self.clock = VirtualClock(now, self.activity, real_idle=real_idle)
        self._moving = asyncio.Lock()
        self._idled: tuple[int, int] | None = None
        self._head: Callable[[], Awaitable[int]] | None = None
        self._reached: Callable[[int, int], Awaitable[bool]] | None = None

    def watch_views(
        self, head: Callable[[], Awaitable[int]], reached: Callable[[int, int], Awaitable[bool]]
    ) -> None:
        """Move the clock only when the views hold every event.

        Args:
            head: Returns the position of the newest event.
            reached: Called with a position and a timeout in ms; waits until the views hold it.
        """
        self._head, self._reached = head, reached

    async def settle(self) -> None:
        """Return when all due work is done."""
        async with self._moving:
            await self._settle()

    async def step(self, until: int | None = None) -> bool:
        """Move the clock to the next due time and settle; False if nothing is due by `until`."""
        async with self._moving:
            await self._settle()
            due_at = self.clock.next_due()
            if due_at is None or (until is not None and due_at > until):
                return False
            self.clock.move(due_at)
            await self._settle()
            return True

    async def move_to(self, at: int) -> None:
        """Move the clock to `at` (ms since the epoch), and stop at each due time in between."""
        while await self.step(at):
            pass
        async with self._moving:
            self.clock.move(at)
            await self._settle()

    async def _settle(self) -> None:
        """Rest, and let every poll read once after each change until nothing changes any more."""
        while True:
            await self._rest()
            mark = (self.clock.now(), self.activity.changes)
            if mark == self._idled:
                return
            self._idled = mark
            self.clock.wake_idlers()

    async def _rest(self) -> None:
        """Return when nothing runs and the views hold every event."""
        await self.activity.rest()
        if self._head is None or self._reached is None:
            return
        while not await self._reached(await self._head(), VIEWS_MS):
            pass
        await self.activity.rest()
