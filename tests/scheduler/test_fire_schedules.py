"""Schedules on a manual clock: each tick is recorded once and never early, under any fault."""

import asyncio

import pytest

from baton.domain.actor import Actor
from baton.domain.definition.trigger import ManualTrigger, ScheduleTrigger
from baton.domain.ids import derived_id
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.commands import CancelRun
from baton.domain.run.messages.run_events import RunRequested
from baton.domain.run.trigger import BySchedule
from baton.domain.schedule.decisions import DECIDER as SCHEDULE
from baton.domain.schedule.messages import (
    CreateSchedule,
    DeleteSchedule,
    ScheduleFired,
    ScheduleMissed,
    ScheduleSkipped,
)
from baton.domain.schedule.timetable import Cron, Interval, Once
from baton.domain.stream import stream_name
from baton.eventlog.loops.transact import transact
from baton.scheduler.metrics import Counters
from baton.scheduler.schedules.due_ticks import TICKS_PER_APPEND, Policies
from baton.scheduler.schedules.fire_schedules import RETRY_MS, ScheduleFirer
from tests.kit.actors import ANN
from tests.kit.definitions import request_run
from tests.kit.eventually import eventually
from tests.scheduler.world import TENANT, Unreliable, World, at

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
HOURLY = Interval(every_ms=HOUR)


class Firing:
    """A schedule firer that observes the log and fires when the test calls it."""

    def __init__(self, world: World, **members) -> None:
        self.world = world
        self.counters = Counters()
        self.firing = ScheduleFirer(
            world.stores, clock=world.clock, counters=self.counters, **members
        )
        self._observed = 0

    async def observe(self) -> None:
        batch = await self.world.store.read_all(after=self._observed, limit=1_000_000)
        if batch:
            self._observed = batch[-1].position
            self.firing.observe(batch)

    async def now(self) -> int | None:
        """Fire the ticks that are due now; return the due time of the next one."""
        await self.observe()
        return await self.firing.fire_due()

    async def fire_until(self, end: int) -> None:
        """Fire every tick up to `end` at its time."""
        clock = self.world.clock
        while (due := await self.now()) is not None and due <= end:
            await clock.advance(max(0, due - clock.now()))
        await clock.advance(end - clock.now())
        await self.now()


async def restarted(world: World, **members) -> Firing:
    """Return the firer of a new process, which reads the views and the log behind them."""
    firing = Firing(world, **members)
    firing._observed = await world.stores.views.checkpoint()
    await firing.firing.load()
    return firing


async def nominals(world: World) -> list[int]:
    return [event.nominal_at for event in await world.events(ScheduleFired)]


async def test_a_tick_fires_at_its_time_and_not_before(world):
    await world.schedule("s", HOURLY)
    firing = Firing(world)

    start = world.clock.now()
    assert await firing.now() == start + HOUR
    await world.clock.advance(HOUR - 1)
    await firing.now()
    assert await world.started() == []

    await world.clock.advance(1)
    assert await firing.now() == start + 2 * HOUR
    assert await world.started() == ["s"]


async def test_the_run_shows_the_schedule_and_the_tick_that_started_it(world):
    await world.schedule("s", Cron(expression="0 9 * * *", timezone="America/New_York"))
    await Firing(world).fire_until(at("2023-11-15 12:00", "America/New_York"))

    [run] = await world.events(RunRequested)
    [fired] = await world.events(ScheduleFired)
    nominal_at = at("2023-11-15 14:00", "UTC")
    assert run.trigger == BySchedule(schedule_id="s", nominal_at=nominal_at)
    assert (run.actor, run.input) == (Actor("s", "schedule"), {})
    assert fired.nominal_at == at("2023-11-15 14:00")
    assert fired.run_id == run.run_id == derived_id("s", str(fired.nominal_at))


async def test_ten_years_of_daily_ticks_fire_once_each_at_their_time(world):
    zone = "Europe/Berlin"
    await world.schedule("s", Cron(expression="30 2 * * *", timezone=zone))
    start = world.clock.now()
    await Firing(world).fire_until(start + 3_652 * DAY)

    fired = await world.events(ScheduleFired)
    assert len(fired) == 3_652
    assert len({event.nominal_at for event in fired}) == 3_652
    assert all(event.at == event.nominal_at for event in fired)


@pytest.mark.parametrize(
    ("night", "expected"),
    [
        ("2024-03-31", ["2024-03-31 01:00", "2024-04-01 00:30"]),  # 02:30 doesn't exist
        ("2024-10-27", ["2024-10-27 00:30", "2024-10-28 01:30"]),  # 02:30 exists twice
    ],
)
async def test_a_daily_tick_fires_once_when_the_clocks_change(world, night, expected):
    zone = "Europe/Berlin"
    await world.clock.advance(at(night, zone) - world.clock.now())
    await world.schedule("s", Cron(expression="30 2 * * *", timezone=zone))

    await Firing(world).fire_until(at(night, zone) + 2 * DAY)

    assert await nominals(world) == [at(text) for text in expected]


async def test_many_schedules_fire_concurrently(world):
    for number in range(250):
        await world.schedule(f"s{number}", HOURLY)
    firing = Firing(world)
    await firing.fire_until(world.clock.now() + HOUR)

    assert sorted(await world.started()) == sorted(f"s{number}" for number in range(250))
    assert firing.counters.ticks_fired == 250


@pytest.mark.parametrize("status", ["paused", "draft"])
async def test_a_schedule_that_is_not_active_fires_nothing(world, status):
    await world.schedule("s", HOURLY, status=status)
    await Firing(world).fire_until(world.clock.now() + DAY)

    assert await world.started() == []


async def test_after_a_pause_only_future_ticks_fire(world):
    await world.schedule("s", HOURLY)
    firing = Firing(world)
    start = world.clock.now()
    await firing.fire_until(start + HOUR)
    await world.update("s", status="paused")
    await firing.fire_until(start + 5 * HOUR + MINUTE)
    await world.update("s", status="active")
    await firing.fire_until(start + 7 * HOUR)

    again = start + 5 * HOUR + MINUTE
    assert await nominals(world) == [start + HOUR, again + HOUR]
    assert await world.events(ScheduleMissed) == []


async def test_a_pause_applies_before_it_is_observed_in_the_log(world):
    await world.schedule("s", HOURLY)
    firing = Firing(world)
    await firing.now()
    await world.clock.advance(HOUR)
    await world.update("s", status="paused")

    await firing.firing.fire_due()

    assert await world.started() == []


async def test_ticks_of_a_pause_without_a_scheduler_are_not_fired_later(world):
    await world.schedule("s", HOURLY)
    await world.clock.advance(90 * MINUTE)
    await world.update("s", status="paused")
    await world.clock.advance(HOUR)

    await Firing(world).now()

    assert await world.started() == []


async def test_a_deleted_schedule_does_not_fire(world):
    await world.schedule("s", HOURLY)
    firing = Firing(world)
    start = world.clock.now()
    await firing.fire_until(start + HOUR)
    await world.delete("s")
    await firing.fire_until(start + 5 * HOUR)

    assert await nominals(world) == [start + HOUR]


async def test_another_timetable_counts_from_its_change(world):
    await world.schedule("s", HOURLY)
    firing = Firing(world)
    start = world.clock.now()
    await firing.fire_until(start + HOUR)
    await world.clock.advance(10)
    await world.update("s", trigger=ScheduleTrigger(timetable=Interval(every_ms=MINUTE)))
    await firing.fire_until(start + HOUR + 2 * MINUTE + 10)

    changed = start + HOUR + 10
    assert await nominals(world) == [start + HOUR, changed + MINUTE, changed + 2 * MINUTE]
    assert [run.version for run in await world.events(RunRequested)] == [1, 2, 2]


async def test_a_trigger_removed_and_restored_does_not_repeat_a_tick(world):
    await world.schedule("s", Cron(expression="0 * * * *"))
    firing = Firing(world)
    start = world.clock.now()
    await firing.fire_until(start + HOUR)
    trigger = ScheduleTrigger(timetable=Cron(expression="0 * * * *"))
    await world.update("s", trigger=ManualTrigger())
    await firing.now()
    await world.update("s", trigger=trigger)
    await firing.fire_until(start + 2 * HOUR)

    fired = await nominals(world)
    assert len(fired) == len(set(fired)) == 2


async def test_a_tick_that_was_already_past_when_created_is_missed_and_never_fires(world):
    late = world.clock.now() - 1
    await world.schedule("s", Once(at=late))
    await Firing(world).fire_until(world.clock.now() + DAY)
    await (await restarted(world)).fire_until(world.clock.now() + DAY)

    [missed] = await world.events(ScheduleMissed)
    assert missed.nominal_at == late
    assert "already past" in missed.reason
    assert await world.started() == []


async def test_once_fires_once(world):
    due = world.clock.now() + HOUR
    await world.schedule("s", Once(at=due))
    firing = Firing(world)
    await firing.fire_until(due + DAY)
    await (await restarted(world)).fire_until(due + 2 * DAY)

    assert await nominals(world) == [due]


@pytest.mark.parametrize(
    ("policy", "fired", "missed"),
    [("fire_once", 1, 4), ("fire_all", 5, 0), ("skip", 0, 5)],
)
async def test_ticks_missed_while_no_scheduler_ran_follow_the_policy(world, policy, fired, missed):
    await world.schedule("s", HOURLY)
    await world.clock.advance(5 * HOUR + MINUTE)
    firing = Firing(world, policies=Policies(missed=policy))

    await firing.now()
    await firing.now()

    assert len(await world.started()) == fired
    recorded = await world.events(ScheduleMissed)
    assert len(recorded) == missed
    assert all("no scheduler" in event.reason for event in recorded)
    assert (firing.counters.ticks_fired, firing.counters.ticks_missed) == (fired, missed)


async def test_a_year_of_missed_seconds_takes_bounded_space(world):
    await world.schedule("s", Interval(every_ms=1_000))
    await world.clock.advance(365 * DAY)

    await Firing(world).now()

    assert len(await world.started()) == 1
    assert len(await world.events(ScheduleMissed)) <= 1_001


async def test_by_default_a_tick_fires_although_the_previous_run_is_active(world):
    await world.schedule("s", HOURLY)
    await Firing(world).fire_until(world.clock.now() + 3 * HOUR)

    assert len(await world.started()) == 3


async def test_overlap_skip_starts_no_run_while_the_previous_one_is_active(world):
    await world.schedule("s", HOURLY)
    policies = Policies(overlap="skip")
    start = world.clock.now()
    firing = Firing(world, policies=policies)
    await firing.fire_until(start + 2 * HOUR)
    await world.project()
    firing = await restarted(world, policies=policies)
    await firing.fire_until(start + 3 * HOUR)
    [run] = await world.events(RunRequested)
    stream = stream_name(TENANT, "run", run.run_id)
    await transact(world.store, RUN, stream, CancelRun(actor=ANN, at=world.clock.now()))
    await firing.fire_until(start + 5 * HOUR)

    assert await nominals(world) == [start + HOUR, start + 4 * HOUR]
    skipped = await world.events(ScheduleSkipped)
    assert [event.nominal_at for event in skipped] == [start + n * HOUR for n in (2, 3, 5)]
    assert run.run_id in skipped[0].reason


async def test_overlap_skip_starts_one_run_for_missed_ticks_under_fire_all(world):
    await world.schedule("s", HOURLY)
    await world.clock.advance(3 * HOUR)

    await Firing(world, policies=Policies(missed="fire_all", overlap="skip")).now()

    assert len(await world.started()) == 1
    assert len(await world.events(ScheduleSkipped)) == 2


async def test_a_clock_that_jumps_ahead_and_back_repeats_no_tick(world):
    await world.schedule("s", HOURLY)
    firing = Firing(world)
    start = world.clock.now()
    await firing.fire_until(start + 2 * HOUR)
    world.clock.jump_ms = DAY
    await firing.now()
    world.clock.jump_ms = 0
    await firing.now()
    await firing.fire_until(start + 30 * HOUR)

    fired = await nominals(world)
    assert len(fired) == len(set(fired))
    assert fired == [start + n * HOUR for n in (1, 2, 26, 27, 28, 29, 30)]


@pytest.mark.parametrize("projected", [False, True])
async def test_a_restart_at_any_time_loses_and_repeats_no_tick(world, projected):
    await world.schedule("s", HOURLY)
    start = world.clock.now()
    for hour in range(1, 9):
        firing = await restarted(world)
        await firing.fire_until(start + hour * HOUR)
        if projected:
            await world.project()

    assert await nominals(world) == [start + n * HOUR for n in range(1, 9)]
    assert await world.started() == ["s"] * 8


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("fail_on", [1, 2, 3])
async def test_a_tick_whose_append_fails_is_recorded_once(world, fail_on, written):
    await world.schedule("s", HOURLY)
    start = world.clock.now()
    broken = world.on(Unreliable(world.store, fail_on=fail_on, written=written))
    firing = Firing(broken)
    for hour in range(1, 5):
        await firing.fire_until(start + hour * HOUR)
        await world.clock.advance(RETRY_MS)
        await firing.now()

    assert await nominals(world) == [start + n * HOUR for n in range(1, 5)]
    assert await world.started() == ["s"] * 4


async def test_two_concurrent_schedulers_fire_each_tick_once(world):
    for number in range(10):
        await world.schedule(f"s{number}", HOURLY)
    one, other = Firing(world), Firing(world)
    start = world.clock.now()
    await one.now()
    await other.now()
    for _ in range(5):
        await world.clock.advance(HOUR)
        await asyncio.gather(one.firing.fire_due(), other.firing.fire_due())
        await asyncio.gather(one.now(), other.now())

    assert sorted(await nominals(world)) == sorted(
        start + n * HOUR for n in range(1, 6) for _ in range(10)
    )
    assert len(await world.started()) == 50
    assert one.counters.ticks_fired + other.counters.ticks_fired == 50


async def test_a_scheduler_resumed_after_a_long_time_repeats_no_tick(world):
    await world.schedule("s", HOURLY)
    zombie, leader = Firing(world), Firing(world)
    start = world.clock.now()
    await zombie.now()
    await leader.fire_until(start + 9 * HOUR)
    before = await world.store.head()

    await zombie.firing.fire_due()
    await zombie.firing.fire_due()

    assert await world.store.head() == before


async def test_a_tick_whose_run_exists_already_is_only_recorded(world):
    await world.schedule("s", HOURLY)
    due = world.clock.now() + HOUR
    made = await world.define("other", ManualTrigger())
    run_id = derived_id("s", str(due))
    request = request_run(made.state, run_id, at=1)
    await transact(world.store, RUN, stream_name(TENANT, "run", run_id), request)

    await Firing(world).fire_until(due)

    assert await nominals(world) == [due]
    assert await world.started() == ["other"]


async def test_a_standalone_schedule_starts_its_definition_with_its_input(world):
    await world.define("d", ManualTrigger())
    create = CreateSchedule(
        definition_id="d", timetable=HOURLY, input={"x": 1}, actor=ANN, at=world.clock.now()
    )
    stream = stream_name(TENANT, "schedule", "alone")
    await transact(world.store, SCHEDULE, stream, create)
    start = world.clock.now()
    firing = Firing(world)
    await firing.fire_until(start + HOUR)
    await world.update("d", status="paused")
    await firing.fire_until(start + 2 * HOUR)
    await world.project()
    firing = await restarted(world)
    await firing.now()
    await world.update("d", status="active")
    await firing.fire_until(start + 4 * HOUR)
    delete = DeleteSchedule(actor=ANN, at=world.clock.now())
    await transact(world.store, SCHEDULE, stream, delete)
    await firing.fire_until(start + 9 * HOUR)

    assert await nominals(world) == [start + n * HOUR for n in (1, 3, 4)]
    runs = await world.events(RunRequested)
    assert {(run.definition_id, str(run.input)) for run in runs} == {("d", "{'x': 1}")}


async def test_several_schedules_of_one_definition_fire_until_it_is_deleted(world):
    await world.define("d", ManualTrigger())
    for name, hours in (("one", 1), ("two", 2)):
        create = CreateSchedule(
            definition_id="d",
            timetable=Interval(every_ms=hours * HOUR),
            input=name,
            actor=ANN,
            at=world.clock.now(),
        )
        await transact(world.store, SCHEDULE, stream_name(TENANT, "schedule", name), create)
    start = world.clock.now()
    firing = Firing(world)
    await firing.fire_until(start + 2 * HOUR)
    await world.project()
    firing = await restarted(world)
    await firing.fire_until(start + 4 * HOUR)
    await world.delete("d")
    await firing.fire_until(start + 9 * HOUR)

    runs = [run.input for run in await world.events(RunRequested)]
    assert sorted(runs) == ["one"] * 4 + ["two"] * 2
    assert await firing.now() is None


async def test_the_loop_is_never_early_and_less_than_a_second_late(world):
    for number in range(5):
        await world.schedule(f"s{number}", Interval(every_ms=1_000 + 333 * number))
    firing = ScheduleFirer(world.stores, clock=world.clock)
    firing.observe(await world.log())
    loop = asyncio.create_task(firing.run())
    for _ in range(400):
        await world.clock.advance(100)
        await eventually(lambda: _idle(firing), every_s=0)
    loop.cancel()

    fired = await world.events(ScheduleFired)
    assert len(fired) == sum(40_000 // (1_000 + 333 * number) for number in range(5))
    assert all(0 <= event.at - event.nominal_at < 1_000 for event in fired)


async def test_missed_ticks_are_recorded_in_several_appends(world):
    await world.schedule("s", Interval(every_ms=1_000))
    await world.clock.advance(3 * TICKS_PER_APPEND * 1_000)

    await Firing(world).now()

    assert len(await world.events(ScheduleMissed)) == 3 * TICKS_PER_APPEND - 1
    assert len(await world.started()) == 1


async def _idle(firing: ScheduleFirer) -> bool:
    next_due = firing._due.next_due()
    return next_due is None or next_due > firing._clock.now()


async def test_the_timetables_of_one_definition_fire_as_one_schedule(world):
    half_past = ScheduleTrigger(timetable=Cron(expression="30 * * * *"))
    await world.define("both", ScheduleTrigger(timetable=HOURLY), more_triggers=(half_past,))
    firing = Firing(world)
    begin = world.clock.now()

    await firing.fire_until(begin + 2 * HOUR)

    causes = [one.trigger for one in await world.events(RunRequested)]
    ticks = [one for one in causes if isinstance(one, BySchedule)]
    assert {one.schedule_id for one in ticks} == {"both"}
    nominal = [one.nominal_at for one in ticks]
    assert {begin + HOUR, begin + 2 * HOUR} < set(nominal)
    assert len(nominal) == len(set(nominal)) == 4
