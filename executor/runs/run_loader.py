"""Runs that somebody's events moved while they were not kept: each is loaded once, few at a time.

A log that is published again shows the events of thousands of runs within a second: were each of
them a question to the store, it would have no time for anything else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Final

from baton.eventlog.events.envelope import Recorded

AT_ONCE: Final = 16
"""Loads side by side."""
MANY: Final = 1_000
"""Runs that wait for theirs before the log is held up."""


class Revivals:
    """Has runs loaded by `revive`, which gets the events that came in until it was its turn.

    `spawn` starts a supervised task.
    """

    def __init__(
        self,
        revive: Callable[[str, Sequence[Recorded]], Awaitable[None]],
        spawn: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        self._revive = revive
        self._spawn = spawn
        self._seen: dict[str, list[Recorded]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._fewer = asyncio.Event()

    def want(self, recorded: Recorded) -> None:
        """Have the event's run loaded, unless that is under way."""
        seen = self._seen.get(recorded.stream)
        if seen is not None:
            seen.append(recorded)
            return
        self._seen[recorded.stream] = [recorded]
        self._spawn(self._one(recorded.stream))

    async def room(self) -> None:
        """Return when there are not too many."""
        while len(self._seen) >= MANY:
            self._fewer.clear()
            await self._fewer.wait()

    async def _one(self, stream: str) -> None:
        try:
            async with self._turns:
                await self._revive(stream, self._seen[stream])
        finally:
            del self._seen[stream]
            self._fewer.set()
