"""The scheduler: matches record events, fires schedules and timers, one process at a time.

A lease says whose turn it is. It spares work, no more: whatever two schedulers do at the same time
is kept apart by derived ids and expected versions.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import Final

from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ids import new_id
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.leader_election import Leader
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.projector.queries import Views
from baton.scheduler.metrics import Counters
from baton.scheduler.records.match_record_events import FOLLOWED_EVENTS as OF_RECORDS
from baton.scheduler.records.match_record_events import RecordMatcher
from baton.scheduler.schedules.due_ticks import Policies
from baton.scheduler.schedules.fire_schedules import FOLLOWED_EVENTS as OF_SCHEDULES
from baton.scheduler.schedules.fire_schedules import ScheduleFirer
from baton.scheduler.timers.fire_timers import FOLLOWED_EVENTS as OF_TIMERS
from baton.scheduler.timers.fire_timers import TimerFirer

NAME: Final = "scheduler"
"""The lease, and the subscription that schedules and timers are fed from."""
FOLLOWED_EVENTS: Final = OF_RECORDS | OF_SCHEDULES | OF_TIMERS
"""The classes of events that it follows the log for."""
SAVE_MS: Final = 1_500
"""How often it is saved how far record events were matched."""
PACE_MS: Final = 20
"""How long events gather that may set timers: few are looked at that do."""
FINISH_S: Final = 5.0
"""How long what is under way may take to end; what is cut off is done in the next turn."""


class Scheduler:
    """The role in one process (`run`, `stop`).

    `holder` names the process in the lease: a name that only one process at a time can have lets
    it go on at once after a crash. The views' tables must have been prepared. `counters` adds up
    over all turns.
    """

    def __init__(
        self,
        stores: Stores,
        views: Views,
        *,
        clock: Clock,
        rng: Random,
        holder: str | None = None,
        policies: Policies | None = None,
    ) -> None:
        self._stores = stores
        self._views = views
        self._clock = clock
        self._rng = rng
        self._holder = holder or new_id(clock.now())
        self._policies = policies or Policies()
        self._leader = Leader(
            stores.leases, NAME, holder=holder or new_id(clock.now()), clock=clock
        )
        self.counters = Counters()

    @property
    def leading(self) -> bool:
        """Whether it is this scheduler's turn."""
        return self._leader.leading

    async def run(self) -> None:
        """Wait for the lease and work while it lasts, until stopped or cancelled.

        Raises what made the log or an event unreadable, for the process to end by.
        """
        await self._leader.run(self._turn)

    async def stop(self) -> None:
        """Finish what is being fired, save how far it came, give the lease back."""
        await self._leader.stop()

    async def _turn(self) -> None:
        matcher = RecordMatcher(self._stores, clock=self._clock, counters=self.counters)
        schedules = ScheduleFirer(
            self._stores.events,
            self._views,
            clock=self._clock,
            policies=self._policies,
            counters=self.counters,
        )
        timers = TimerFirer(
            self._stores.events,
            self._views,
            clock=self._clock,
            rng=self._rng,
            counters=self.counters,
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(matcher.run())
                group.create_task(self._by_the_clock(schedules, timers))
                group.create_task(self._save_from_time_to_time(matcher))
                await self._until_told(matcher)
        finally:
            await timers.finish(grace_s=FINISH_S)
            await matcher.save()

    async def _until_told(self, matcher: RecordMatcher) -> None:
        """Wait for the end of the turn, then for what is being matched."""
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            with suppress(TimeoutError):
                await asyncio.wait_for(matcher.rest(), FINISH_S)

    async def _save_from_time_to_time(self, matcher: RecordMatcher) -> None:
        while True:
            await self._clock.sleep(SAVE_MS)
            await matcher.save()

    async def _by_the_clock(self, schedules: ScheduleFirer, timers: TimerFirer) -> None:
        """Fire schedules and timers, fed by the log from where the views stand."""

        async def note(batch: Sequence[Recorded]) -> None:
            timers.note(batch)
            schedules.note(batch)

        position = await self._stores.views.checkpoint()
        await schedules.load()
        subscription = await self._stores.log.subscribe(NAME, after=position)
        async with asyncio.TaskGroup() as group:
            group.create_task(follow(subscription, note, clock=self._clock, pace_ms=PACE_MS))
            group.create_task(schedules.run())
            group.create_task(timers.run())
