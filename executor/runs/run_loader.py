"""Loads evicted runs that other processes' events change: each run once at a time, few in parallel.

A log that is published again delivers events of thousands of runs within a second. Reading all
their streams at once would block the store for everything else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Final

from baton.eventlog.events.envelope import Recorded

MAX_CONCURRENT_LOADS: Final = 16
"""The number of runs that are loaded in parallel."""
MAX_PENDING_LOADS: Final = 1_000
"""The number of loading or waiting runs from which on the log isn't read any further."""


class RunLoader:
    """Queues loads of runs, in the order of the requests.

    Args:
        load: Called with the stream of a run and the run's events that were delivered so far; the
            list grows while it loads.
        spawn: Called with a coroutine; starts it in a supervised task.
    """

    def __init__(
        self,
        load: Callable[[str, Sequence[Recorded]], Awaitable[None]],
        spawn: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        self._load = load
        self._spawn = spawn
        self._pending: dict[str, list[Recorded]] = {}
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_LOADS)
        self._capacity = asyncio.Event()

    def request(self, recorded: Recorded) -> None:
        """Load the event's run, unless that is pending; then the event is added to it."""
        delivered = self._pending.get(recorded.stream)
        if delivered is not None:
            delivered.append(recorded)
            return
        self._pending[recorded.stream] = [recorded]
        self._spawn(self._load_one(recorded.stream))

    async def wait_for_capacity(self) -> None:
        """Return when fewer than `MAX_PENDING_LOADS` runs are pending."""
        while len(self._pending) >= MAX_PENDING_LOADS:
            self._capacity.clear()
            await self._capacity.wait()

    async def _load_one(self, stream: str) -> None:
        try:
            async with self._slots:
                await self._load(stream, self._pending[stream])
        finally:
            del self._pending[stream]
            self._capacity.set()
