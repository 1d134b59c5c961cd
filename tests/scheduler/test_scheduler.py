"""The scheduler as a whole: one leader at a time, fast takeover, no work lost or repeated."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from random import Random

import pytest

from baton.domain.definition.graph import Delay
from baton.domain.definition.trigger import EventTrigger
from baton.domain.run.messages.run_events import RunRequested
from baton.domain.run.messages.step_events import DelayElapsed
from baton.domain.schedule.messages import ScheduleFired
from baton.domain.schedule.timetable import Interval
from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.leader_election import CANDIDATE_MS, LEASE_MS, RENEW_MS
from baton.eventlog.loops.server_hold import ServerHold
from baton.eventlog.ports.leases import Lease, Leases
from baton.eventlog.ports.stores import Checkpoints
from baton.scheduler import scheduler as role
from baton.scheduler.records.match_record_events import NAME as RECORDS
from baton.scheduler.scheduler import Scheduler
from tests.kit.definitions import compute
from tests.kit.eventually import eventually
from tests.kit.stack import in_background
from tests.scheduler.world import World

ON_ORDER = EventTrigger(event_type="record.created", structure="orders")
SECOND = 1_000


def scheduler_of(world: World, *, holder: str = "one", leases: Leases | None = None) -> Scheduler:
    stores = replace(world.stores, leases=leases or world.stores.leases)
    hold = ServerHold(stores.events, stores.checkpoints, world.clock)
    return Scheduler(stores, clock=world.clock, rng=Random(1), hold=hold, holder=holder)


def running(*schedulers: Scheduler) -> AbstractAsyncContextManager[list[asyncio.Task[None]]]:
    return in_background(*(one.run() for one in schedulers))


class DisconnectableLeases:
    """The leases of one process; `cut` disconnects it."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self.cut = False
        self.epochs: list[int] = []

    async def acquire(self, name: str, *, holder: str, ttl_ms: int, at: int) -> Lease | None:
        if self.cut:
            raise Unavailable("no route")
        lease = await self._leases.acquire(name, holder=holder, ttl_ms=ttl_ms, at=at)
        if lease is not None:
            self.epochs.append(lease.epoch)
        return lease

    async def release(self, lease: Lease) -> None:
        if self.cut:
            raise Unavailable("no route")
        await self._leases.release(lease)

    async def held(self, *, at: int) -> Sequence[Lease]:
        return await self._leases.held(at=at)


async def test_it_matches_records_and_fires_schedules_and_timers(world):
    await world.define("e", ON_ORDER)
    await world.schedule("s", Interval(every_ms=SECOND))
    scheduler = scheduler_of(world)
    async with world.projecting(), running(scheduler):
        await world.pass_time(100)
        await world.send("1")
        await world.start("r1", Delay(id="wait", delay_ms=300, next="a"), compute("a"))
        await world.pass_time(2 * SECOND)

    runs = await world.events(RunRequested)
    assert sorted(run.definition_id for run in runs) == ["def-r1", "e", "s", "s"]
    assert len(await world.events(DelayElapsed)) == 1
    counters = scheduler.counters
    assert (counters.runs_requested, counters.ticks_fired, counters.timers_fired) == (1, 2, 1)


async def test_it_observes_definitions_created_while_it_runs(world):
    async with world.projecting(), running(scheduler_of(world)):
        await world.pass_time(500)
        await world.define("e", ON_ORDER)
        await world.schedule("s", Interval(every_ms=SECOND))
        await world.send("1")
        await world.pass_time(SECOND)

    assert sorted(await world.started()) == ["e", "s"]


async def test_schedules_and_timers_fire_while_the_views_stand_still(world):
    await world.define("e", ON_ORDER)
    await world.schedule("s", Interval(every_ms=SECOND))
    await world.start("r1", Delay(id="wait", delay_ms=300))
    await world.send("1")
    async with running(scheduler_of(world)):
        await world.pass_time(SECOND + 100)

    assert sorted(await world.started()) == ["def-r1", "e", "s"]
    assert len(await world.events(DelayElapsed)) == 1


async def test_only_one_of_two_schedulers_works(world):
    one, other = scheduler_of(world, holder="one"), scheduler_of(world, holder="other")
    async with running(one, other):
        for _ in range(20):
            await world.pass_time(500)
            assert one.leading != other.leading


async def test_another_scheduler_takes_over_within_seconds_of_a_crash(world):
    await world.schedule("s", Interval(every_ms=SECOND))
    cut = DisconnectableLeases(world.stores.leases)
    one = scheduler_of(world, holder="one", leases=cut)
    other = scheduler_of(world, holder="other")
    async with world.projecting(), running(one, other) as tasks:
        await world.pass_time(3 * SECOND)
        assert one.leading
        cut.cut = True  # the lease is not released
        tasks[0].cancel()
        await world.pass_time(LEASE_MS + CANDIDATE_MS + 200)
        assert other.leading
        await world.pass_time(3 * SECOND)

    fired = [event.nominal_at for event in await world.events(ScheduleFired)]
    assert len(fired) == len(set(fired)) >= 6


async def test_a_restart_under_the_same_name_gets_the_lease_at_once(world):
    cut = DisconnectableLeases(world.stores.leases)
    died = scheduler_of(world.on(world.store), holder="only", leases=cut)
    async with running(died) as tasks:
        await world.pass_time(100)
        cut.cut = True
        tasks[0].cancel()
        await world.pass_time(100)

    again = scheduler_of(world, holder="only")
    async with running(again):
        await world.pass_time(100)
        assert again.leading


async def test_work_ends_when_a_lease_that_cannot_be_renewed_expires(world):
    cut = DisconnectableLeases(world.stores.leases)
    one = scheduler_of(world, holder="one", leases=cut)
    other = scheduler_of(world, holder="other")
    async with running(one, other):
        await world.pass_time(SECOND)
        cut.cut = True
        await world.pass_time(LEASE_MS + RENEW_MS + CANDIDATE_MS)
        assert (one.leading, other.leading) == (False, True)
        cut.cut = False
        await world.pass_time(5 * SECOND)
        assert (one.leading, other.leading) == (False, True)
    assert cut.epochs[0] == 1


async def test_a_zombie_notices_the_takeover_and_waits_for_the_lease(world):
    zombie, leader = scheduler_of(world, holder="zombie"), scheduler_of(world, holder="leader")
    await world.schedule("s", Interval(every_ms=SECOND))
    async with world.projecting(), running(zombie):
        await world.pass_time(2 * SECOND)
        # It is suspended until another scheduler gets the lease.
        world.clock.jump_ms = 2 * LEASE_MS
        async with running(leader):
            await world.pass_time(RENEW_MS + CANDIDATE_MS)
            assert (zombie.leading, leader.leading) == (False, True)
            await world.pass_time(3 * SECOND)

    fired = [event.nominal_at for event in await world.events(ScheduleFired)]
    assert len(fired) == len(set(fired))


async def test_stopping_saves_the_checkpoint_and_releases_the_lease(world):
    await world.define("e", ON_ORDER)
    scheduler = scheduler_of(world, holder="one")
    async with running(scheduler) as tasks:
        await world.pass_time(100)
        await world.send("1")
        await eventually(lambda: _started(world, 1), every_s=0)
        await scheduler.stop()
        await tasks[0]

    assert not scheduler.leading
    record = next(one for one in await world.log() if "record" in one.stream)
    assert await world.stores.checkpoints.load(RECORDS) >= record.position
    lease = await world.stores.leases.acquire(
        role.NAME, holder="next", ttl_ms=1, at=world.clock.now()
    )
    assert lease is not None
    assert lease.epoch == 2


async def test_a_scheduler_that_waits_for_the_lease_can_be_stopped(world):
    leader, candidate = scheduler_of(world, holder="one"), scheduler_of(world, holder="other")
    async with running(leader, candidate) as tasks:
        await world.pass_time(200)
        await candidate.stop()
        await tasks[1]
        assert leader.leading


async def test_a_scheduler_that_never_ran_can_be_stopped(world):
    await scheduler_of(world).stop()


async def test_the_scheduler_continues_after_an_outage_of_the_store(world):
    await world.define("e", ON_ORDER)
    await world.send("1")
    flaky = Outage(world.stores.checkpoints)
    scheduler = scheduler_of(world)
    scheduler._stores = replace(world.stores, checkpoints=flaky)
    async with running(scheduler):
        await world.pass_time(3 * SECOND)
        assert await world.started() == []
        flaky.over = True
        await world.pass_time(3 * SECOND)
        assert await world.started() == ["e"]


@pytest.mark.parametrize("lives_ms", [150, 450, 1_050, 2_350])
async def test_repeated_crashes_lose_and_repeat_no_run(world, lives_ms):
    await world.define("e", ON_ORDER)
    await world.schedule("s", Interval(every_ms=SECOND))
    start = world.clock.now()
    async with world.projecting():
        for life in range(8):
            await world.send(f"{life}-a")
            await world.start(f"r{life}", Delay(id="wait", delay_ms=700))
            async with running(scheduler_of(world, holder="only")):
                await world.pass_time(lives_ms)
                await world.send(f"{life}-b")
        async with running(scheduler_of(world, holder="only")):
            await world.pass_time(2 * SECOND)

    runs = await world.events(RunRequested)
    assert sum(run.definition_id == "e" for run in runs) == 16
    fired = [event.nominal_at for event in await world.events(ScheduleFired)]
    ticks = (world.clock.now() - start) // SECOND
    assert fired == [start + n * SECOND for n in range(1, ticks + 1)]
    assert len(await world.events(DelayElapsed)) == 8


class Outage:
    """Checkpoints that are unavailable until the outage ends."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints
        self.over = False

    async def load(self, name: str) -> int:
        if not self.over:
            raise Unavailable("no route")
        return await self._checkpoints.load(name)

    async def save(self, name: str, position: int) -> None:
        await self._checkpoints.save(name, position)


async def _started(world: World, count: int) -> bool:
    return len(await world.started()) == count
