"""The scheduler: matches record events and fires schedules and timers, in one process.

A lease elects that process. The lease only avoids duplicate work: if two schedulers are active at
the same time, derived ids and expected versions prevent duplicate records.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import Final

from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.leader_election import Elected
from baton.eventlog.loops.retry import retry
from baton.eventlog.loops.server_hold import ServerHold
from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.projector.open_runs import OpenRuns
from baton.scheduler.metrics import Counters
from baton.scheduler.records.match_record_events import FOLLOWED_EVENTS as RECORD_EVENTS
from baton.scheduler.records.match_record_events import RecordMatcher
from baton.scheduler.run_admission import DEFERRED_MS
from baton.scheduler.schedules.fire_schedules import FOLLOWED_EVENTS as SCHEDULE_EVENTS
from baton.scheduler.schedules.fire_schedules import ScheduleFirer
from baton.scheduler.timers.fire_timers import FOLLOWED_EVENTS as TIMER_EVENTS
from baton.scheduler.timers.fire_timers import NEAR_MS, TimerFirer

NAME: Final = "scheduler"
"""The name of the lease, and of the log subscription for schedules and timers."""
FOLLOWED_EVENTS: Final = RECORD_EVENTS | SCHEDULE_EVENTS | TIMER_EVENTS
"""The event classes that the scheduler reads from the log."""
SAVE_MS: Final = 1_500
"""The interval between checkpoints of the record matcher, in ms."""
PACE_MS: Final = 20
"""The pause between reads of the log for schedules and timers, in ms.

Few events set a timer, so the pause lets each read take a larger batch.
"""
FINISH_S: Final = 5.0
"""The time to finish running work at the end of a term, in s; the next leader repeats the rest."""

_log = logging.getLogger(__name__)


class Scheduler(Elected):
    """The scheduler role of one process: build it, `run` it, `stop` it.

    The views' tables must exist. `counters` sums over all terms of leadership.

    Args:
        hold: The hold on the server, during which nothing fires.
        holder: Names this process in the lease, and no other process at the same time. A name that
            stays the same over restarts takes the lease back without waiting for it to expire.
        call_wait_ms: The time that a call may wait for a slot before its timeout counts.
        open_runs: The limit on unfinished runs by tenant; None is no limit.
        near_ms: Timers that are due within this time are kept in memory.
    """

    def __init__(
        self,
        stores: Stores,
        *,
        clock: Clock,
        rng: Random,
        hold: ServerHold,
        holder: str,
        call_wait_ms: int = 0,
        open_runs: OpenRuns | None = None,
        near_ms: float = NEAR_MS,
    ) -> None:
        super().__init__(stores.leases, NAME, holder=holder, clock=clock)
        self._near_ms = near_ms
        self._hold = hold
        self._stores = stores
        self._clock = clock
        self._rng = rng
        self._call_wait_ms = call_wait_ms
        self._open_runs = open_runs
        self._timers: TimerFirer | None = None
        self.counters = Counters()

    @property
    def timers_overdue(self) -> int:
        """The number of timers that should have fired more than a second ago."""
        return 0 if self._timers is None else self._timers.overdue

    async def _lead(self) -> None:
        """Work while the server isn't held; timers and ticks due in a hold fire after it."""
        while True:
            await self._hold.until(held=False)
            working = asyncio.ensure_future(self._work())
            holding = asyncio.ensure_future(self._hold.until(held=True))
            try:
                await asyncio.wait((working, holding), return_when=asyncio.FIRST_COMPLETED)
                if working.done():
                    working.result()
            finally:
                await stop_tasks((working, holding))

    async def _work(self) -> None:
        matcher = RecordMatcher(
            self._stores, clock=self._clock, counters=self.counters, open_runs=self._open_runs
        )
        schedules = ScheduleFirer(
            self._stores,
            clock=self._clock,
            counters=self.counters,
            open_runs=self._open_runs,
        )
        self._timers = timers = TimerFirer(
            self._stores,
            clock=self._clock,
            rng=self._rng,
            counters=self.counters,
            call_wait_ms=self._call_wait_ms,
            near_ms=self._near_ms,
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(matcher.run())
                group.create_task(self._fire(schedules, timers))
                group.create_task(self._save_periodically(matcher))
                group.create_task(self._start_deferred(matcher))
                await self._drain_on_cancel(matcher)
        finally:
            self._timers = None
            await timers.finish(grace_s=FINISH_S)
            await matcher.save()

    async def _drain_on_cancel(self, matcher: RecordMatcher) -> None:
        """Wait to be cancelled, and then for the batch that the matcher is processing."""
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            with suppress(TimeoutError):
                await asyncio.wait_for(matcher.drain(), FINISH_S)

    async def _save_periodically(self, matcher: RecordMatcher) -> None:
        while True:
            await self._clock.idle(SAVE_MS)
            await matcher.save()

    async def _start_deferred(self, matcher: RecordMatcher) -> None:
        while True:
            await self._clock.idle(DEFERRED_MS)
            await retry(
                matcher.start_deferred,
                clock=self._clock,
                log=_log,
                doing="starting deferred runs",
            )

    async def _fire(self, schedules: ScheduleFirer, timers: TimerFirer) -> None:
        """Fire schedules and timers; both observe the log from the views' checkpoint on."""

        async def observe(batch: Sequence[Recorded]) -> None:
            timers.observe(batch)
            schedules.observe(batch)

        position = await self._stores.views.checkpoint()
        await schedules.load()
        subscription = await self._stores.log.subscribe(
            NAME, after=position, classes=SCHEDULE_EVENTS | TIMER_EVENTS
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(follow(subscription, observe, clock=self._clock, pace_ms=PACE_MS))
            group.create_task(schedules.run())
            group.create_task(timers.run())
