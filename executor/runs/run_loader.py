"""Runs that somebody's events moved while they were not kept: each is loaded once, few at a time.

A log that is published again shows the events of thousands of runs within a second: were each of
them a question to the store, it would have no time for anything else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Final

from baton.eventlog.events.envelope import Recorded

MAX_CONCURRENT_LOADS: Final = 16
"""Loads side by side."""
MAX_PENDING_LOADS: Final = 1_000
"""Runs that wait for theirs before the log is held up."""


class RunLoader:
    """Has runs loaded by `load`, which gets the events that came in until it was its turn.

    `spawn` starts a supervised task.
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
        """Have the event's run loaded, unless that is under way."""
        seen = self._pending.get(recorded.stream)
        if seen is not None:
            seen.append(recorded)
            return
        self._pending[recorded.stream] = [recorded]
        self._spawn(self._load_one(recorded.stream))

    async def wait_for_capacity(self) -> None:
        """Return when there are not too many."""
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
