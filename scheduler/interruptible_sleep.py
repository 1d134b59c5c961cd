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

    async def sleep(self, duration_ms: float) -> None:
        """Return after `duration_ms`, or as soon as it is interrupted."""
        timer = asyncio.create_task(self._end_after(duration_ms))
        try:
            await self._over.wait()
        finally:
            self._over.clear()
            timer.cancel()

    async def _end_after(self, duration_ms: float) -> None:
        await self._clock.sleep(duration_ms)
        self._over.set()
