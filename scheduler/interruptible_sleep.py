"""A pause on the injected clock that news can cut short."""

import asyncio

from baton.eventlog.ports.clock import Clock


class Alarm:
    """One waits, anybody rings; a ring that nobody waits for cuts the next pause short."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """End the pause."""
        self._rung.set()

    async def wait(self, duration_ms: float) -> None:
        """Return after `duration_ms`, or at once when it rings."""
        pause = asyncio.create_task(self._pause(duration_ms))
        try:
            await self._rung.wait()
        finally:
            self._rung.clear()
            pause.cancel()

    async def _pause(self, duration_ms: float) -> None:
        await self._clock.sleep(duration_ms)
        self._rung.set()
