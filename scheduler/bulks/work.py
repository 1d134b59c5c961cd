"""Works through one bulk, batch by batch, until the bulk ends or is stopped.

A batch is performed, and then its outcomes are recorded. A crash in between repeats the batch: the
performer recognizes the changes that the bulk has made before, so each run is treated once and
every outcome is recorded.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import Final

import orjson

from baton.domain.artifact import Artifact
from baton.domain.bulk.chunks import place_of
from baton.domain.bulk.decisions import DECIDER, MAX_ITEMS
from baton.domain.bulk.messages import Item, ReportItems
from baton.domain.bulk.state import State
from baton.eventlog.errors import Unreadable
from baton.eventlog.loops.load import load
from baton.eventlog.loops.retry import retry
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.run_values import RunValues
from baton.scheduler.bulks.counters import Counters
from baton.scheduler.bulks.performer import Performer
from baton.scheduler.interruptible_sleep import InterruptibleSleep

AT_ONCE: Final = 16
"""The number of runs of one bulk that are treated at the same time."""

_log = logging.getLogger(__name__)


class BulkWork:
    """The work on one bulk during one term of the leader; raises `Unavailable` and `Unreadable`.

    Args:
        stores: Hold the bulk and the ids of its runs.
        performer: Performs the action on one run.
        clock: Paces the batches of a bulk with a rate.
        counters: Count the outcomes.
        slots: Limits the runs that all bulks treat at the same time.
    """

    def __init__(
        self,
        stores: Stores,
        performer: Performer,
        *,
        clock: Clock,
        counters: Counters,
        slots: asyncio.Semaphore,
    ) -> None:
        self._stores = stores
        self._values = RunValues(stores.artifacts)
        self._performer = performer
        self._clock = clock
        self._counters = counters
        self._slots = slots
        self._sleep = InterruptibleSleep(clock)
        self._finishing = False
        self._chunk: tuple[Artifact, Sequence[str]] | None = None

    async def run(self, stream: str) -> None:
        """Treat the runs of the bulk until it has ended, or `finish` is called."""
        loaded = await load(self._stores.events, DECIDER, stream)
        recovered = True
        while loaded.state.active and not self._finishing:
            began, bulk = self._clock.now(), loaded.state
            if bulk.status == "stopping":
                report = await self._settle(bulk, look=recovered)
            else:
                report = await self._treat(bulk)
            await self._record(stream, report)
            await self._pace(bulk, began, report.through - report.first)
            loaded = await load(self._stores.events, DECIDER, stream, known=loaded)
            recovered = False

    def wake(self) -> None:
        """End a pause early, so that the work notices a stop at once."""
        self._sleep.interrupt()

    def finish(self) -> None:
        """Begin no further batch: the next leader continues."""
        self._finishing = True
        self.wake()

    async def rest(self, duration_ms: int) -> None:
        """Return after `duration_ms`, or earlier when `wake` is called."""
        await self._sleep.sleep(duration_ms)

    async def _treat(self, bulk: State) -> ReportItems:
        """Perform the action on the next batch of runs."""
        run_ids = await self._next_runs(bulk)
        at_once = asyncio.Semaphore(AT_ONCE)

        async def treat(run_id: str) -> Item:
            async with at_once, self._slots:
                perform = partial(self._performer.perform, bulk, run_id)
                return await retry(perform, clock=self._clock, log=_log, doing=f"run {run_id}")

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(treat(run_id)) for run_id in run_ids]
        return self._report(bulk, len(run_ids), [task.result() for task in tasks])

    async def _settle(self, bulk: State, *, look: bool) -> ReportItems:
        """Return the outcomes of runs in progress when a stopped bulk lost its process."""
        run_ids = await self._next_runs(bulk) if look else ()
        performed = [await self._performer.find_performed(bulk, run_id) for run_id in run_ids]
        items = [item for item in performed if item is not None]
        return self._report(bulk, len(run_ids), items)

    def _report(self, bulk: State, treated: int, items: Sequence[Item]) -> ReportItems:
        return ReportItems(
            round=bulk.round,
            first=bulk.next,
            through=bulk.next + treated,
            items=tuple(items),
            at=self._clock.now(),
        )

    async def _record(self, stream: str, report: ReportItems) -> None:
        result = await transact(self._stores.events, DECIDER, stream, report)
        if result.changed:
            self._counters.add(report.items)

    async def _next_runs(self, bulk: State) -> Sequence[str]:
        """Return the ids of the next batch; with a rate, one second's share of runs."""
        name, first = place_of(bulk.next)
        if name not in bulk.chunks:
            return ()
        size = min(MAX_ITEMS, bulk.per_second or MAX_ITEMS)
        return (await self._ids(bulk.tenant, bulk.chunks[name]))[first : first + size]

    async def _ids(self, tenant: str, artifact: object) -> Sequence[str]:
        if not isinstance(artifact, Artifact):
            raise Unreadable("a chunk of a bulk isn't an artifact")
        if self._chunk is None or self._chunk[0] != artifact:
            raw = await self._values.raw(tenant, artifact.sha256)
            self._chunk = (artifact, orjson.loads(raw))
        return self._chunk[1]

    async def _pace(self, bulk: State, began: int, treated: int) -> None:
        """Sleep until the batch has taken the time that the bulk's rate demands."""
        if bulk.per_second is None or bulk.next + treated == bulk.count:
            return
        due = began + 1_000 * treated // bulk.per_second
        if (remaining_ms := due - self._clock.now()) > 0 and not self._finishing:
            await self._sleep.sleep(remaining_ms, due)
