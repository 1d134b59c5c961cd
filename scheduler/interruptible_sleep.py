"""A sleep on the injected clock that another task can end early."""

import asyncio

from baton.eventlog.ports.clock import Clock


class InterruptibleSleep:
    """A sleep that `interrupt()` ends early. An interrupt without a sleeper ends the next sleep.

    At most one task sleeps at a time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._over = asyncio.Event()

    def interrupt(self) -> None:
        """End the current sleep, or else the next one, at once."""
        self._over.set()

    async def sleep(self, longest_ms: float, due_at: int | None = None) -> None:
        """Return when the clock shows `due_at` (ms), after `longest_ms`, or when interrupted."""
        timers: list[asyncio.Task[None]] = []
        if due_at is not None:
            timers.append(asyncio.create_task(self._end_at(due_at)))
        if due_at is None or due_at > self._clock.now() + longest_ms:
            timers.append(asyncio.create_task(self._end_after(longest_ms)))
        try:
            await self._over.wait()
        finally:
            self._over.clear()
            for timer in timers:
                timer.cancel()

    async def _end_at(self, due_at: int) -> None:
        await self._clock.sleep_until(due_at)
        self._over.set()

    async def _end_after(self, duration_ms: float) -> None:
        await self._clock.idle(duration_ms)
        self._over.set()
