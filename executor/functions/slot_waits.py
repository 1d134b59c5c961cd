"""Waits of calls for a free slot: they are counted and bounded, and no timeout includes them."""

import asyncio
from dataclasses import replace
from typing import Final

from baton.eventlog.ports.clock import Clock
from baton.executor.functions.call import Call, CallOutcome, PerformCall
from baton.executor.functions.concurrency import ConcurrencyLimit, Slot

NO_FREE_SLOT: Final = "NO_FREE_SLOT"


class NoFreeSlot(Exception):
    """A call waited too long for a slot; the function was not called."""


class SlotWaits:
    """Lets calls wait for slots.

    Args:
        clock: Measures the waits.
        max_ms: The longest wait of a call.

    Attributes:
        waiting: The number of calls that wait now.
        waited_ms: The sum of all finished waits.
        given_up: The number of calls that waited too long.
    """

    def __init__(self, clock: Clock, max_ms: int) -> None:
        self.waiting = 0
        self.waited_ms = 0
        self.given_up = 0
        self._clock = clock
        self._max_ms = max_ms

    async def acquire(self, limit: ConcurrencyLimit, call: Call) -> tuple[Call, Slot]:
        """Wait for a slot; return it, and the call with a deadline that counts from now.

        Raises NoFreeSlot.
        """
        began = self._clock.now()
        if call.timer is not None:
            call.timer.wait()
        self.waiting += 1
        try:
            async with asyncio.timeout(self._max_ms / 1000):
                slot = await limit.acquire(call.tenant)
        except TimeoutError:
            self.given_up += 1
            message = (
                f"function {call.function!r} was not called: no slot became free within "
                f"{self._max_ms / 1000:g} s"
            )
            raise NoFreeSlot(message) from None
        finally:
            self.waiting -= 1
            waited_ms = self._clock.now() - began
            self.waited_ms += waited_ms
            limit.waits.observe_ms(waited_ms)
        return self._start(call), slot

    def _start(self, call: Call) -> Call:
        if call.timer is None:
            return call
        call.timer.start()
        return replace(call, deadline_at=self._clock.now() + call.timer.timeout_ms)


def limited(limit: ConcurrencyLimit, waits: SlotWaits, perform: PerformCall) -> PerformCall:
    """Return `perform` with a slot of `limit` held during each call."""

    async def performed(call: Call) -> CallOutcome:
        slot = None
        if not limit.try_acquire():
            call, slot = await waits.acquire(limit, call)
        try:
            return await perform(call)
        finally:
            limit.release(slot)

    return performed
