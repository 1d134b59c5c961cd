"""Runs that another executor took over although their share is this one's.

While a share moves, its old and its new owner may take a run over one behind the other. When the
old one is the last and then lets go of the share, the run is nobody's: the owner of the share takes
it over again. Where the other executor goes on with the run, or the share moves, it keeps out.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.partitions import Owns

PATIENCE_MS: Final = 3_000
"""How long a run may stand still that somebody else took over; who lost its share knows by then."""

Again: TypeAlias = Callable[[str, int], Awaitable[int | None]]


class Disputes:
    """`again(stream, version)` takes a run over that still stands at `version`.

    It returns where the run stands when it has moved, and None when nothing is left to do.
    """

    def __init__(self, clock: Clock, again: Again) -> None:
        self._clock = clock
        self._again = again
        self._moves: list[tuple[Owns, bool]] = []
        self._watching: dict[str, asyncio.Task[None]] = {}

    def gained(self, owns: Owns) -> None:
        """Note that a share is this executor's."""
        self._moves.append((owns, True))

    def lost(self, owns: Owns) -> None:
        """Note that a share is another one's."""
        self._moves.append((owns, False))

    def look_after(self, stream: str, version: int) -> None:
        """See to it that somebody goes on with a run that another one took over."""
        if stream not in self._watching and self._owned(stream):
            task = asyncio.get_running_loop().create_task(self._watch(stream, version))
            self._watching[stream] = task
            task.add_done_callback(lambda _: self._watching.pop(stream, None))

    async def close(self) -> None:
        """Look after nothing any more."""
        watching = tuple(self._watching.values())
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)

    async def _watch(self, stream: str, version: int) -> None:
        stands: int | None = version
        while stands is not None:
            await self._clock.sleep(PATIENCE_MS)
            if not self._owned(stream):
                return
            stands = await self._again(stream, stands)

    def _owned(self, stream: str) -> bool:
        return next((ours for owns, ours in reversed(self._moves) if owns(stream)), False)
