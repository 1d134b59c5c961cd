"""Traces, in one process at a time: follows the log and exports the finished spans of runs.

A lease elects that process. The lease only spares double work: if two are active at the same time,
the collector gets some spans twice, with the same ids. The checkpoint moves once the collector has
taken the spans of the events before it, so a collector that is down delays spans and loses none.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from baton.domain.run.messages import RunCancelled, RunCompleted, RunFailed, RunRequested
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.leader_election import Leader
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.projector.traces.run_trace import TRACED_EVENTS, RunTrace
from baton.projector.traces.span import Span
from baton.protocols.trace_context import ALL_TRACES, Sampling
from baton.scheduler.traces.counters import Counters
from baton.scheduler.traces.exporter import SpanExporter
from baton.scheduler.traces.subjects import Subjects

NAME: Final = "scheduler.traces"
"""Name of the lease, of the checkpoint and of the log subscription."""
SPANS_PER_REQUEST: Final = 512
SAVE_MS: Final = 1_500
"""Interval between checkpoints."""
PACE_MS: Final = 50
"""Pause between reads of the log, so that each request takes more spans."""
MAX_TRACES: Final = 10_000
"""Runs whose open spans are kept in memory; others are read from the store again."""

_RETRY = RetryPolicy(first_ms=200, max_ms=15_000)
_ENDS = (RunCompleted, RunFailed, RunCancelled)

_log = logging.getLogger(__name__)


class Traces:
    """Exports spans while this process holds the lease; `counters` sums over all terms.

    Args:
        stores: Hold the log, the runs with their definitions, and the checkpoint.
        exporter: Sends the spans. It is closed by its owner.
        sampling: Chooses the traces.
        clock: Spaces the requests.
        holder: Names this process in the lease, and no other process at the same time.
    """

    def __init__(
        self,
        stores: Stores,
        exporter: SpanExporter,
        *,
        clock: Clock,
        holder: str,
        sampling: Sampling = ALL_TRACES,
    ) -> None:
        self._stores = stores
        self._exporter = exporter
        self._sampling = sampling
        self._clock = clock
        self._leader = Leader(stores.leases, NAME, holder=holder, clock=clock)
        self._began = 0
        self.position = 0
        self.counters = Counters()

    @property
    def leading(self) -> bool:
        """Whether this process holds the lease."""
        return self._leader.leading

    async def run(self) -> None:
        """Wait for the lease and work while it is held, until stopped or cancelled.

        Without a checkpoint the log is followed from its present end: traces begin when they are
        switched on.
        """
        head = self._stores.events.head
        doing = "reading the end of the log"
        self._began = await retry(head, clock=self._clock, log=_log, doing=doing)
        await self._leader.run(self._lead)

    async def stop(self) -> None:
        """Save the checkpoint and release the lease."""
        await self._leader.stop()

    async def _lead(self) -> None:
        folding = Folding(self._stores, self._sampling)
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
        """Return the position of the checkpoint; make one where there is none.

        A checkpoint of 0 counts as none. The first event of a log finishes no span, so in an empty
        log a checkpoint of 1 serves as well.
        """
        saved = await self._stores.checkpoints.load(NAME)
        if saved:
            return min(saved, await self._stores.events.head())
        await self._stores.checkpoints.save(NAME, max(1, self._began))
        return self._began

    async def _handle(self, folding: "Folding", batch: Sequence[Recorded]) -> None:
        """Export the spans that a batch of the log finishes, then move the position."""
        spans = await folding.fold(batch)
        for start in range(0, len(spans), SPANS_PER_REQUEST):
            part = spans[start : start + SPANS_PER_REQUEST]
            export = partial(self._export, part)
            await retry(export, clock=self._clock, log=_log, doing="exporting spans", policy=_RETRY)
        self.position = batch[-1].position

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


class Folding:
    """The folds of the runs that are open; what isn't in memory is read from the store."""

    def __init__(self, stores: Stores, sampling: Sampling) -> None:
        self._store = stores.events
        self._sampling = sampling
        self._subjects = Subjects(stores.events)
        self._traces: OrderedDict[str, RunTrace | None] = OrderedDict()  # by stream

    async def fold(self, batch: Sequence[Recorded]) -> list[Span]:
        """Return the spans that a batch finishes; raises `Unavailable`, and can then be repeated.

        After an error the folds are made again from the store: they may hold a part of the batch.
        """
        spans: list[Span] = []
        try:
            for recorded in batch:
                if type(recorded.event) in TRACED_EVENTS:
                    spans += await self._fold(recorded)
        except BaseException:
            self._traces.clear()
            raise
        return spans

    async def _fold(self, recorded: Recorded) -> list[Span]:
        stream = recorded.stream
        if stream in self._traces:
            trace = self._traces[stream]
        else:
            trace = self._traces[stream] = await self._load(recorded)
            if len(self._traces) > MAX_TRACES:
                self._traces.popitem(last=False)
        spans = [] if trace is None else trace.fold(recorded.event, recorded.version)
        if isinstance(recorded.event, _ENDS) and (trace is None or trace.idle):
            del self._traces[stream]
        return spans

    async def _load(self, recorded: Recorded) -> RunTrace | None:
        """Return the fold of a run before an event, None if its trace isn't exported."""
        before: Sequence[Any] = ()
        requested = recorded.event
        if recorded.version > 1:
            events = await self._store.read(recorded.stream)
            requested, before = events[0].event, events[1 : recorded.version - 1]
        if not isinstance(requested, RunRequested):
            return None
        subject = await self._subjects.of(requested)
        if not self._sampling.exports(subject.context):
            return None
        trace = RunTrace(subject)
        for one in before:
            trace.fold(one.event, one.version)
        return trace
