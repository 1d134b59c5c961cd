"""Record events and ticks of a tenant with too many unfinished runs wait, and none is lost."""

from collections.abc import Sequence

import pytest

from baton.domain.definition.trigger import EventTrigger
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.commands import CancelRun
from baton.domain.run.messages.run_events import RunRequested
from baton.domain.run.trigger import ByRecord
from baton.domain.schedule.messages import ScheduleFired, ScheduleMissed
from baton.domain.schedule.timetable import Interval, Once
from baton.domain.stream import stream_name
from baton.eventlog.loops.transact import transact
from baton.projector.open_runs import OpenRuns
from baton.scheduler.metrics import Counters
from baton.scheduler.records.match_record_events import NAME, RecordMatcher
from baton.scheduler.run_admission import DEFERRED_MS, TOO_MANY_RUNS
from baton.scheduler.schedules.fire_schedules import ScheduleFirer
from tests.kit.actors import ANN
from tests.kit.eventually import eventually
from tests.kit.stack import in_background
from tests.scheduler.world import World

ON_ORDER = EventTrigger(event_type="record.created", structure="orders")
MINUTE = 60_000


class Limited:
    """A matcher and a firer of schedules that share a limit of open runs."""

    def __init__(self, world: World, limit: int) -> None:
        self.world = world
        self.counters = Counters()
        self.open_runs = OpenRuns(limit, now=lambda: world.clock.now() / 1_000)
        self.matcher = RecordMatcher(
            world.stores, clock=world.clock, counters=self.counters, open_runs=self.open_runs
        )
        self.schedules = ScheduleFirer(
            world.stores, clock=world.clock, counters=self.counters, open_runs=self.open_runs
        )

    async def match(self) -> None:
        await self.matcher.handle(await self.world.log())

    async def later(self) -> None:
        """Let the time pass after which deferred starts are tried again."""
        await self.world.project()
        await self.world.clock.advance(DEFERRED_MS)
        await self.matcher.start_deferred()
        await self.schedules.fire_due()

    async def end(self, number: int) -> None:
        """End the first `number` unfinished runs."""
        for run in await self.world.events(RunRequested):
            stream = stream_name(run.tenant, RUN.name, run.run_id)
            if number and not (await self.world.run(stream)).final:
                number -= 1
                cancel = CancelRun(actor=ANN, at=self.world.clock.now())
                await transact(self.world.store, RUN, stream, cancel)


async def events_of(world: World) -> Sequence[str]:
    """Return the ids of the record events that have started a run, in order."""
    triggers = [run.trigger for run in await world.events(RunRequested)]
    return [one.event_id for one in triggers if isinstance(one, ByRecord)]


async def test_record_events_past_the_limit_start_their_runs_in_order_when_others_end(world):
    await world.define("a", ON_ORDER)
    for number in range(6):
        await world.send(f"e{number}")
    limited = Limited(world, 2)

    await limited.match()
    assert await events_of(world) == ["e0", "e1"]
    await limited.later()
    assert await events_of(world) == ["e0", "e1"]
    await limited.end(1)
    await limited.later()
    assert await events_of(world) == ["e0", "e1", "e2"]
    await limited.end(10)
    await limited.later()
    await limited.end(10)
    await limited.later()

    assert await events_of(world) == [f"e{number}" for number in range(6)]
    assert limited.counters.starts_deferred == 4


async def test_a_tenant_past_its_limit_keeps_no_other_waiting(world):
    await world.define("a", ON_ORDER)
    await world.define("b", ON_ORDER, tenant="other")
    for number in range(3):
        await world.send(f"e{number}")
    await world.send("theirs", tenant="other")

    await Limited(world, 1).match()

    assert await events_of(world) == ["e0", "theirs"]


async def test_later_events_of_a_tenant_do_not_pass_its_waiting_ones(world):
    await world.define("a", ON_ORDER)
    limited = Limited(world, 1)
    await world.send("e0")
    await world.send("e1")
    await limited.match()
    await limited.end(1)
    await world.project()
    await world.clock.advance(DEFERRED_MS)
    await world.send("e2")
    await limited.match()
    assert await events_of(world) == ["e0"]

    await limited.later()

    assert await events_of(world) == ["e0", "e1"]


async def test_waiting_events_outlive_their_scheduler(world):
    await world.define("a", ON_ORDER)
    for number in range(5):
        await world.send(f"e{number}")
    first = Limited(world, 2)
    await first.match()
    await first.matcher.save()
    saved = await world.stores.checkpoints.load(NAME)
    await first.end(10)
    await world.project()

    assert saved < await world.store.head()
    async with in_background(Limited(world, 3).matcher.run()):
        await eventually(lambda: _are(world, 5), every_s=0)

    assert await events_of(world) == [f"e{number}" for number in range(5)]


async def test_events_that_are_matched_again_use_nothing_of_the_limit(world):
    await world.define("a", ON_ORDER)
    for number in range(3):
        await world.send(f"e{number}")
    await Limited(world, 0).match()
    await Limited(world, 0).end(10)
    await world.project()

    again = Limited(world, 2)
    await again.match()
    await again.matcher.start_deferred()
    await world.send("new")
    await again.match()

    assert await events_of(world) == ["e0", "e1", "e2", "new"]


async def test_an_event_that_starts_more_runs_than_the_limit_is_not_delayed_forever(world):
    for name in ("a", "b", "c"):
        await world.define(name, ON_ORDER)
    await world.send("e0")

    await Limited(world, 1).match()

    assert await events_of(world) == ["e0"] * 3


async def test_a_tick_past_the_limit_fires_late_and_once(world):
    await world.define("a", ON_ORDER)
    await world.send("e0")
    at = world.clock.now() + MINUTE
    await world.schedule("once", Once(at=at))
    limited = Limited(world, 1)
    await limited.match()
    limited.schedules.observe(await world.log())
    await limited.schedules.fire_due()
    await world.clock.advance(MINUTE)
    await limited.later()
    assert await world.events(ScheduleFired) == []

    await limited.end(1)
    await limited.later()
    await limited.later()

    [fired] = await world.events(ScheduleFired)
    assert fired.nominal_at == at < fired.at
    assert limited.counters.starts_deferred == 1


async def test_ticks_that_come_due_while_one_waits_are_recorded_with_the_reason(world):
    await world.schedule("often", Interval(every_ms=MINUTE))
    limited = Limited(world, 1)
    limited.schedules.observe(await world.log())
    await limited.schedules.fire_due()
    await world.clock.advance(MINUTE)
    await limited.later()
    assert len(await world.events(ScheduleFired)) == 1
    for _ in range(3):
        await world.clock.advance(MINUTE)
        await limited.later()
    await limited.end(1)
    await limited.later()

    assert len(await world.events(ScheduleFired)) == 2
    assert [one.reason for one in await world.events(ScheduleMissed)] == [TOO_MANY_RUNS] * 2


@pytest.mark.parametrize("limit", [0, 100])
async def test_nothing_waits_below_the_limit(world, limit):
    await world.define("a", ON_ORDER)
    for number in range(5):
        await world.send(f"e{number}")
    limited = Limited(world, limit)

    await limited.match()

    assert len(await events_of(world)) == 5
    assert limited.counters.starts_deferred == 0


async def _are(world: World, number: int) -> bool:
    return len(await events_of(world)) == number
