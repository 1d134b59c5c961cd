"""Counts runs and attempts in batches of the log, beside the projector and never before it.

Figures count what has happened since this process began to project, so that a rebuild or a long
absence makes no jump. Counting costs the executors nothing.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Sequence
from functools import partial
from typing import Final

from baton.domain.run.messages import RunRequested
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.retry import retry
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import EventStore, Log
from baton.eventlog.ports.views import ViewReads
from baton.projector.definition_facts import KnownDefinitions
from baton.projector.run_metrics.figures import Figures
from baton.projector.run_metrics.open_counts import OpenRunCounts
from baton.projector.run_metrics.open_run import COUNTED_EVENTS, OpenRun

NAME: Final = "projector.metrics"
"""Name of the log subscription."""
PACE_MS: Final = 25
"""Pause between reads of the log, so that each read takes a larger batch."""
MAX_OPEN_RUNS: Final = 20_000
"""Runs whose times are kept in memory; those of others are read from the store again."""
MAX_BATCHES: Final = 5_000
"""Batches of the log for which it is remembered when their first event happened."""

_log = logging.getLogger("baton.projector")


class RunMetrics:
    """Follows the log and adds to `figures`.

    Args:
        store: Holds runs that began before, and definitions.
        views: Hold the runs that haven't ended.
        clock: Paces the reads, and says how old events are.
    """

    def __init__(self, store: EventStore, views: ViewReads, *, clock: Clock) -> None:
        self.figures = Figures()
        self.open = OpenRunCounts(views)
        self._store = store
        self._clock = clock
        self._open: OrderedDict[str, OpenRun] = OrderedDict()  # by stream
        self._definitions = KnownDefinitions(store)
        self._batches: deque[tuple[int, int]] = deque(maxlen=MAX_BATCHES)  # last position, time

    async def run(self, log: Log) -> None:
        """Follow the log from its present end, and count, until cancelled; raises `Unavailable`."""
        subscription = await log.subscribe(NAME, after=await self._store.head())
        async with asyncio.TaskGroup() as group:
            group.create_task(self.open.run())
            group.create_task(
                follow(subscription, self.observe, clock=self._clock, pace_ms=PACE_MS)
            )

    def age_beyond_ms(self, position: int) -> int:
        """Return the age in ms of the oldest known event behind a position, 0 if there is none."""
        while self._batches and self._batches[0][0] <= position:
            self._batches.popleft()
        return max(0, self._clock.now() - self._batches[0][1]) if self._batches else 0

    async def observe(self, batch: Sequence[Recorded]) -> None:
        """Add a batch of the log. No batch comes twice, because it waits for the store itself."""
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
        if run.count(recorded.event, recorded.version, self.figures):
            del self._open[stream]

    async def _load(self, recorded: Recorded) -> OpenRun | None:
        """Return the run as it was before an event."""
        before: Sequence[Recorded] = ()
        requested = recorded.event
        if recorded.version > 1:
            before = (await self._store.read(recorded.stream))[: recorded.version - 1]
            requested = before[0].event if before else None
        if not isinstance(requested, RunRequested):
            return None
        slug = (await self._definitions.of(requested)).slug
        definition = self.figures.definitions.bounded((requested.tenant, slug))
        run, uncounted = OpenRun(definition, requested.at), Figures()
        uncounted.functions = self.figures.functions
        for one in before:
            if type(one.event) in COUNTED_EVENTS:
                run.count(one.event, one.version, uncounted)
        return run
