"""Counts runs and attempts by following the log in the projector's process.

Only events after the start of the process are counted, so that a rebuild or an outage causes no
jump in the metrics. Counting costs the executors nothing.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Sequence
from functools import partial
from typing import Final

from baton.domain.run.messages.run_events import RunRequested
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.retry import retry
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import EventStore, Log
from baton.eventlog.ports.views import ViewReads
from baton.projector.definition_facts import KnownDefinitions
from baton.projector.run_metrics.metrics import Metrics
from baton.projector.run_metrics.open_counts import OpenRunCounts
from baton.projector.run_metrics.open_run import COUNTED_EVENTS, OpenRun

NAME: Final = "projector.metrics"
"""The name of the log subscription."""
PACE_MS: Final = 25
"""The pause between reads of the log, in ms, so that each read takes a larger batch."""
MAX_OPEN_RUNS: Final = 20_000
"""The number of unfinished runs kept in memory; others are read from the store again."""
MAX_BATCHES: Final = 5_000
"""The number of batches of the log whose first event's time is kept."""

_log = logging.getLogger("baton.projector")


class RunMetrics:
    """Follows the log and counts its events in `metrics`.

    Args:
        store: Holds the definitions, and runs that are not in memory.
        views: Hold the unfinished runs.
        clock: Paces the reads, and gives the age of events.
    """

    def __init__(self, store: EventStore, views: ViewReads, *, clock: Clock) -> None:
        self.metrics = Metrics()
        self.open = OpenRunCounts(views)
        self._store = store
        self._clock = clock
        self._open: OrderedDict[str, OpenRun] = OrderedDict()  # by stream
        self._definitions = KnownDefinitions(store)
        self._batches: deque[tuple[int, int]] = deque(maxlen=MAX_BATCHES)  # last position, time

    async def run(self, log: Log) -> None:
        """Count the events after the current head of the log; raises `Unavailable`."""
        subscription = await log.subscribe(NAME, after=await self._store.head())
        async with asyncio.TaskGroup() as group:
            group.create_task(self.open.run())
            group.create_task(
                follow(subscription, self.observe, clock=self._clock, pace_ms=PACE_MS)
            )

    def age_beyond_ms(self, position: int) -> int:
        """Return the age in ms of the oldest known event after a position, 0 if there is none."""
        while self._batches and self._batches[0][0] <= position:
            self._batches.popleft()
        return max(0, self._clock.now() - self._batches[0][1]) if self._batches else 0

    async def observe(self, batch: Sequence[Recorded]) -> None:
        """Count a batch of the log; it waits for the store, so that no batch is repeated."""
        began = getattr(batch[0].event, "at", None)
        if isinstance(began, int):
            self._batches.append((batch[-1].position, began))
        for recorded in batch:
            if type(recorded.event) in COUNTED_EVENTS:
                await self._count(recorded)

    async def _count(self, recorded: Recorded) -> None:
        stream = recorded.stream
        run = self._open.get(stream)
        if run is None:
            loading = partial(self._load, recorded)
            run = await retry(loading, clock=self._clock, log=_log, doing="loading a run")
            if run is None:
                return
            self._open[stream] = run
            if len(self._open) > MAX_OPEN_RUNS:
                self._open.popitem(last=False)
        if run.count(recorded.event, recorded.version, self.metrics):
            del self._open[stream]

    async def _load(self, recorded: Recorded) -> OpenRun | None:
        """Return the run of an event, as of the event before it; None if it isn't a run."""
        before: Sequence[Recorded] = ()
        requested = recorded.event
        if recorded.version > 1:
            before = (await self._store.read(recorded.stream))[: recorded.version - 1]
            requested = before[0].event if before else None
        if not isinstance(requested, RunRequested):
            return None
        slug = (await self._definitions.of(requested)).slug
        definition = self.metrics.definitions.bounded((requested.tenant, slug))
        run, uncounted = OpenRun(definition, requested.at), Metrics()
        uncounted.functions = self.metrics.functions
        for one in before:
            if type(one.event) in COUNTED_EVENTS:
                run.count(one.event, one.version, uncounted)
        return run
