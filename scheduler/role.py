"""The scheduler: matches record events, fires schedules and timers, one process at a time.

A lease says whose turn it is. It spares work, no more: whatever two schedulers do at the same time
is kept apart by derived ids and expected versions.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import Final

from eventlog.backend import Stores
from eventlog.envelope import Recorded
from eventlog.errors import Unavailable
from eventlog.follow import follow
from eventlog.ids import new_id
from eventlog.ports import Clock, Lease
from projector.queries import Views
from scheduler.alarm import Alarm
from scheduler.counts import Counts
from scheduler.due_ticks import Policies
from scheduler.fire_schedules import ScheduleFiring
from scheduler.fire_timers import TimerFiring
from scheduler.match_record_events import RecordMatcher

NAME: Final = "scheduler"
"""The lease, and the subscription that schedules and timers are fed from."""
LEASE_MS: Final = 5_000
RENEW_MS: Final = 1_500
FINISH_S: Final = 5.0
"""How long what is under way may take to end; what is cut off is done in the next turn."""
CANDIDATE_MS: Final = 1_000
"""How often a scheduler that waits for its turn asks."""

_log = logging.getLogger(__name__)


class Scheduler:
    """The role in one process (`run`, `stop`).

    `holder` names the process in the lease: a name that only one process at a time can have lets
    it go on at once after a crash. The views' tables must have been prepared. `counts` adds up
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
        self._alarm = Alarm(clock)
        self._stopping = False
        self._ended = asyncio.Event()
        self._ended.set()
        self.counts = Counts()
        self.lease: Lease | None = None

    @property
    def leading(self) -> bool:
        """Whether it is this scheduler's turn."""
        return self.lease is not None

    async def run(self) -> None:
        """Wait for the lease and work while it lasts, until stopped.

        Raises what made the log or an event unreadable, for the process to end by.
        """
        self._ended.clear()
        try:
            while not self._stopping:
                self.lease = await self._acquire()
                if self.lease is not None:
                    await self._lead(self.lease)
                if not self._stopping:
                    await self._alarm.wait(CANDIDATE_MS)
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """Finish what is being fired, save how far it came, give the lease back."""
        self._stopping = True
        self._alarm.ring()
        await self._ended.wait()

    async def _lead(self, lease: Lease) -> None:
        _log.info("scheduling, epoch %d", lease.epoch)
        matcher = RecordMatcher(self._stores, clock=self._clock, counts=self.counts)
        schedules = ScheduleFiring(
            self._stores.events,
            self._views,
            clock=self._clock,
            policies=self._policies,
            counts=self.counts,
        )
        timers = TimerFiring(
            self._stores.events, self._views, clock=self._clock, rng=self._rng, counts=self.counts
        )
        try:
            async with asyncio.TaskGroup() as group:
                work = (matcher.run(), self._by_the_clock(schedules, timers))
                tasks = [group.create_task(one) for one in work]
                await self._hold(lease, matcher)
                with suppress(TimeoutError):
                    await asyncio.wait_for(matcher.rest(), FINISH_S)
                for task in tasks:
                    task.cancel()
        except* Unavailable as errors:
            _log.warning("scheduling is interrupted: %s", errors.exceptions)
        finally:
            self.lease = None
            await timers.finish(grace_s=FINISH_S)
            await self._leave(lease, matcher)

    async def _by_the_clock(self, schedules: ScheduleFiring, timers: TimerFiring) -> None:
        """Fire schedules and timers, fed by the log from where the views stand."""

        async def note(batch: Sequence[Recorded]) -> None:
            timers.note(batch)
            schedules.note(batch)

        position = await self._stores.views.checkpoint()
        await schedules.load()
        subscription = await self._stores.log.subscribe(NAME, after=position)
        async with asyncio.TaskGroup() as group:
            group.create_task(follow(subscription, note, clock=self._clock))
            group.create_task(schedules.run())
            group.create_task(timers.run())

    async def _hold(self, lease: Lease, matcher: RecordMatcher) -> None:
        """Renew the lease until it is lost or this scheduler is stopped."""
        while not self._stopping:
            await self._alarm.wait(RENEW_MS)
            if self._stopping:
                return
            try:
                renewed = await self._renew()
                if renewed is None or renewed.epoch != lease.epoch:
                    _log.warning("another scheduler took over from epoch %d", lease.epoch)
                    return
                lease = renewed
                await matcher.save()
            except Unavailable as error:
                _log.warning("the lease can't be renewed: %s", error)
                if self._clock.now() >= lease.expires_at:
                    return

    async def _acquire(self) -> Lease | None:
        try:
            return await self._renew()
        except Unavailable as error:
            _log.warning("the lease can't be asked for: %s", error)
            return None

    async def _renew(self) -> Lease | None:
        now = self._clock.now()
        return await self._stores.leases.acquire(NAME, holder=self._holder, ttl_ms=LEASE_MS, at=now)

    async def _leave(self, lease: Lease, matcher: RecordMatcher) -> None:
        """Hand over tidily where that is possible; nothing depends on it."""
        try:
            await matcher.save()
            await self._stores.leases.release(lease)
        except Unavailable as error:
            _log.warning("the lease runs out by itself: %s", error)
