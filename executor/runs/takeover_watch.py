"""Watches runs that another executor took over although this executor owns their partition.

While a partition moves, its old and its new owner may both take over a run. If the old owner does
so last and then loses the partition, no executor advances the run. The owner of the partition
therefore takes a run without new events over again, unless the partition is revoked.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.partitions import OwnsStream

STALLED_AFTER_MS: Final = 3_000
"""A watched run without new events for this time has stalled.

By then a former owner knows that it has lost the partition.
"""

TakeOverStalled: TypeAlias = Callable[[str, int], Awaitable[int | None]]


class TakeoverWatch:
    """Takes over watched runs that have stalled, while their partition is assigned.

    Args:
        clock: Paces the checks.
        take_over: Called with a stream and its version at the last check. It takes the run over and
            returns None if the version is the same, which ends the watch. Otherwise it returns the
            current version.
    """

    def __init__(self, clock: Clock, take_over: TakeOverStalled) -> None:
        self._clock = clock
        self._take_over = take_over
        self._assignments: list[tuple[OwnsStream, bool]] = []
        self._watches: dict[str, asyncio.Task[None]] = {}

    def assign(self, owns: OwnsStream) -> None:
        """Record that the streams for which `owns` is true are assigned to this executor."""
        self._assignments.append((owns, True))

    def revoke(self, owns: OwnsStream) -> None:
        """Record that the streams for which `owns` is true are assigned to another executor."""
        self._assignments.append((owns, False))

    def watch(self, stream: str, version: int) -> None:
        """Watch a run that another executor took over with the event `version`."""
        if stream not in self._watches and self.is_assigned(stream):
            task = asyncio.get_running_loop().create_task(self._check(stream, version))
            self._watches[stream] = task
            task.add_done_callback(lambda _: self._watches.pop(stream, None))

    async def close(self) -> None:
        """End all watches."""
        await stop_tasks(tuple(self._watches.values()))

    async def _check(self, stream: str, version: int) -> None:
        """Compare the run's version at intervals until it is taken over or needs no owner."""
        last_version: int | None = version
        while last_version is not None:
            await self._clock.idle(STALLED_AFTER_MS)
            if not self.is_assigned(stream):
                return
            last_version = await self._take_over(stream, last_version)

    def is_assigned(self, stream: str) -> bool:
        """Return whether the partition of `stream` is assigned to this executor."""
        newest_first = reversed(self._assignments)
        return next((assigned for owns, assigned in newest_first if owns(stream)), False)
