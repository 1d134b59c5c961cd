"""Performs the bulks of all tenants, in one process at a time: follows the log for them.

A lease elects that process. The lease only avoids duplicate work: if two processes are active at
the same time, an action that is performed again changes nothing, and the second report decides
nothing.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from baton.domain.bulk.messages import BulkRequested, BulkRetried, BulkStopRequested
from baton.domain.stream import stream_name
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.leader_election import Elected
from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.projector.views.bulks.queries import BulkQueries
from baton.scheduler.bulks.counters import Counters
from baton.scheduler.bulks.performer import Performer
from baton.scheduler.bulks.work import BulkWork

NAME: Final = "scheduler.bulks"
"""The name of the lease and of the log subscription."""
FOLLOWED_EVENTS: Final[frozenset[type]] = frozenset((BulkRequested, BulkRetried, BulkStopRequested))
"""The event classes that begin or end the work on a bulk."""
PACE_MS: Final = 10
"""The pause between reads of the log, in ms, so that each read takes a larger batch."""
AT_ONCE: Final = 32
"""The number of runs that all bulks treat at the same time."""
RETRY_MS: Final = 1_000
"""The delay before a bulk continues after the store was unavailable, in ms."""
RETRY_BROKEN_MS: Final = 60_000
"""The delay before a bulk continues after an unexpected error, in ms."""
FINISH_S: Final = 5.0
"""The time to finish the current batches at the end of a term, in seconds.

The next leader repeats unfinished batches.
"""

_log = logging.getLogger(__name__)


class Bulks(Elected):
    """Performs bulks while this process holds the lease.

    The views' tables must exist. `counters` sums over all terms.

    Args:
        stores: Hold the log, the bulks and the ids of their runs.
        performer: Performs the action of a bulk on one run.
        clock: Paces the batches of bulks with a rate.
        holder: Names this process in the lease, and no other process at the same time.
    """

    def __init__(self, stores: Stores, performer: Performer, *, clock: Clock, holder: str) -> None:
        super().__init__(stores.leases, NAME, holder=holder, clock=clock)
        self._stores = stores
        self._performer = performer
        self._clock = clock
        self.counters = Counters()

    async def _lead(self) -> None:
        term = Term(self._stores, self._performer, clock=self._clock, counters=self.counters)
        await term.run()


class Term:
    """One term of leadership: finds the active bulks, and the bulks that begin."""

    def __init__(
        self, stores: Stores, performer: Performer, *, clock: Clock, counters: Counters
    ) -> None:
        self._stores = stores
        self._performer = performer
        self._clock = clock
        self._counters = counters
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._finishing = False
        self._begun: dict[str, _Begun] = {}  # by the stream of the bulk

    async def run(self) -> None:
        """Work until cancelled; raises `Unavailable`.

        The log is followed from a position that the views hold, so that each bulk is found in the
        views or in the log.
        """
        position = await self._stores.views.checkpoint()
        try:
            async for bulk in BulkQueries(self._stores.views).active():
                self._begin(stream_name(bulk.tenant, "bulk", bulk.id))
            subscription = await self._stores.log.subscribe(
                NAME, after=position, classes=FOLLOWED_EVENTS
            )
            await follow(subscription, self._observe, clock=self._clock, pace_ms=PACE_MS)
        finally:
            await self._finish()

    async def _finish(self) -> None:
        self._finishing = True
        for running in self._begun.values():
            running.work.finish()
        await stop_tasks([running.task for running in self._begun.values()], grace_s=FINISH_S)

    async def _observe(self, batch: Sequence[Recorded]) -> None:
        for recorded in batch:
            if isinstance(recorded.event, BulkRequested | BulkRetried):
                self._begin(recorded.stream)
            elif isinstance(recorded.event, BulkStopRequested) and recorded.stream in self._begun:
                self._begun[recorded.stream].work.wake()

    def _begin(self, stream: str) -> None:
        """Work on a bulk; if it is being worked on, work on it once more afterwards."""
        work = BulkWork(
            self._stores,
            self._performer,
            clock=self._clock,
            counters=self._counters,
            slots=self._slots,
        )
        before = self._begun.get(stream)
        task = asyncio.create_task(self._work(stream, work, before))
        running = self._begun[stream] = _Begun(work, task)
        task.add_done_callback(lambda _: self._forget(stream, running))

    def _forget(self, stream: str, running: "_Begun") -> None:
        if self._begun.get(stream) is running:
            del self._begun[stream]

    async def _work(self, stream: str, work: BulkWork, before: "_Begun | None") -> None:
        if before is not None:
            await asyncio.wait((before.task,))
        while not self._finishing:
            try:
                return await work.run(stream)
            except Unavailable as error:
                _log.warning("%s: the store is unavailable: %s", stream, error)
                await work.rest(RETRY_MS)
            except Exception:  # noqa: BLE001 - logged; other bulks continue
                _log.exception("%s can't continue", stream)
                await work.rest(RETRY_BROKEN_MS)
        return None


@dataclass(frozen=True, slots=True)
class _Begun:
    """The work on one bulk, and its task."""

    work: BulkWork
    task: asyncio.Task[None]
