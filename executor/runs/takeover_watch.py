"""Runs that another executor took over although their share is this one's.

While a share moves, its old and its new owner may take a run over one behind the other. When the
old one is the last and then lets go of the share, the run is nobody's: the owner of the share takes
it over again. Where the other executor goes on with the run, or the share moves, it keeps out.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.partitions import OwnsStream

STALLED_AFTER_MS: Final = 3_000
"""How long a run may stand still that somebody else took over; who lost its share knows by then."""

TakeOverRun: TypeAlias = Callable[[str, int], Awaitable[int | None]]


class TakeoverWatch:
    """`take_over(stream, version)` takes a run over that still stands at `version`.

    It returns where the run stands when it has moved, and None when nothing is left to do.
    """

    def __init__(self, clock: Clock, take_over: TakeOverRun) -> None:
        self._clock = clock
        self._take_over = take_over
        self._assignments: list[tuple[OwnsStream, bool]] = []
        self._watches: dict[str, asyncio.Task[None]] = {}

    def assign(self, owns: OwnsStream) -> None:
        """Note that a share is this executor's."""
        self._assignments.append((owns, True))

    def revoke(self, owns: OwnsStream) -> None:
        """Note that a share is another one's."""
        self._assignments.append((owns, False))

    def watch(self, stream: str, version: int) -> None:
        """See to it that somebody goes on with a run that another one took over."""
        if stream not in self._watches and self._is_assigned(stream):
            task = asyncio.get_running_loop().create_task(self._watch(stream, version))
            self._watches[stream] = task
            task.add_done_callback(lambda _: self._watches.pop(stream, None))

    async def close(self) -> None:
        """Look after nothing any more."""
        watching = tuple(self._watches.values())
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)

    async def _watch(self, stream: str, version: int) -> None:
        stands: int | None = version
        while stands is not None:
            await self._clock.sleep(STALLED_AFTER_MS)
            if not self._is_assigned(stream):
                return
            stands = await self._take_over(stream, stands)

    def _is_assigned(self, stream: str) -> bool:
        return next((ours for owns, ours in reversed(self._assignments) if owns(stream)), False)
