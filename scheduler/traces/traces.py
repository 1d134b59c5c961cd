"""Follows the log and exports the finished spans of runs, in one process at a time.

A lease elects that process. The lease only avoids duplicate work: if two processes are active at
the same time, the collector gets some spans twice, with the same ids. The checkpoint moves when the
collector has accepted the spans of the events before it, so an outage of the collector delays spans
but loses none.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import Final

from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.leader_election import Elected
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.projector.traces.span import Span
from baton.scheduler.traces.counters import Counters
from baton.scheduler.traces.exporter import SpanExporter
from baton.scheduler.traces.folding import Exported, Folding, folding_of

NAME: Final = "scheduler.traces"
"""The name of the lease, of the checkpoint and of the log subscription."""
SPANS_PER_REQUEST: Final = 512
SAVE_MS: Final = 1_500
"""The interval between checkpoints, in ms."""
PACE_MS: Final = 50
"""The pause between reads of the log, in ms, so that each request has more spans."""

_RETRY = RetryPolicy(first_ms=200, max_ms=15_000)

_log = logging.getLogger(__name__)


class Traces(Elected):
    """Exports spans while this process holds the lease; `counters` sums over all terms.

    Args:
        stores: Hold the log, the runs with their definitions, and the checkpoint.
        exporter: Sends the spans; its owner closes it.
        exported: The configuration of the export; default: all traces.
        clock: Paces the reads and the retries.
        holder: Names this process in the lease, and no other process at the same time.
    """

    def __init__(
        self,
        stores: Stores,
        exporter: SpanExporter,
        *,
        clock: Clock,
        holder: str,
        exported: Exported | None = None,
    ) -> None:
        super().__init__(stores.leases, NAME, holder=holder, clock=clock)
        self._stores = stores
        self._exporter = exporter
        self._exported = exported or Exported()
        self._clock = clock
        self._began = 0
        self.position = 0
        self.counters = Counters()

    async def run(self) -> None:
        """Wait for the lease and work while it is held, until stopped or cancelled.

        Without a checkpoint, the log is followed from its current head: runs before the first start
        aren't traced.
        """
        head = self._stores.events.head
        doing = "reading the end of the log"
        self._began = await retry(head, clock=self._clock, log=_log, doing=doing)
        await super().run()

    async def _lead(self) -> None:
        folding = folding_of(self._stores.events, self._exported)
        position = await self._begin()
        self.position = saved = position
        subscription = await (self._stores.whole_log or self._stores.log).subscribe(
            NAME, after=position
        )
        handle = partial(self._handle, folding)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(follow(subscription, handle, clock=self._clock, pace_ms=PACE_MS))
                group.create_task(self._save_periodically())
        finally:
            if self.position > saved:
                await self._save()

    async def _begin(self) -> int:
        """Return the position of the checkpoint; create the checkpoint if there is none.

        A checkpoint of 0 counts as missing. An empty log gets a checkpoint of 1, because the first
        event of a log ends no span.
        """
        saved = await self._stores.checkpoints.load(NAME)
        if saved:
            return min(saved, await self._stores.events.head())
        await self._stores.checkpoints.save(NAME, max(1, self._began))
        return self._began

    async def _handle(self, folding: Folding, batch: Sequence[Recorded]) -> None:
        """Export the spans that end with a batch of the log, then move the position."""
        spans: list[Span] = []
        for recorded in batch:
            spans += await folding.fold(recorded)
            while len(spans) >= SPANS_PER_REQUEST:
                await self._export_with_retries(spans[:SPANS_PER_REQUEST])
                del spans[:SPANS_PER_REQUEST]
        if spans:
            await self._export_with_retries(spans)
        self.position = batch[-1].position

    async def _export_with_retries(self, spans: Sequence[Span]) -> None:
        export = partial(self._export, spans)
        await retry(export, clock=self._clock, log=_log, doing="exporting spans", policy=_RETRY)

    async def _export(self, spans: Sequence[Span]) -> None:
        try:
            await self._exporter.export(spans)
        except Unavailable:
            self.counters.failures += 1
            raise
        self.counters.exported += len(spans)

    async def _save_periodically(self) -> None:
        saved = self.position
        while True:
            await self._clock.idle(SAVE_MS)
            if self.position > saved:
                saved = self.position
                await retry(self._save, clock=self._clock, log=_log, doing="saving the checkpoint")

    async def _save(self) -> None:
        await self._stores.checkpoints.save(NAME, self.position)
