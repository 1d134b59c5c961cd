"""Timers of runs: punctual, never early, kept over a restart, and harmless when fired twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from baton.domain.artifact import ARTIFACT_UNREADABLE, Artifact
from baton.domain.definition.graph import Case, Condition, Decision, Delay, Retry, Sync
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.hold import Timers
from baton.domain.run.messages.commands import CancelRun, PauseRun, ReportOutcome, ResumeRun
from baton.domain.run.messages.run_events import RunFailed
from baton.domain.run.messages.step_events import (
    DelayElapsed,
    DelayStarted,
    RetryScheduled,
    StepStarted,
    StepTimedOut,
    TimerSet,
)
from baton.domain.run.outcome import Error, Failed, Succeeded, Token
from baton.eventlog.errors import Unreadable
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.transact import transact
from baton.projector.views.timers.queries import TimerQueries
from baton.scheduler.metrics import Counters
from baton.scheduler.timers import fire_timers
from baton.scheduler.timers.fire_timers import DEADLINE_GRACE_MS, NEAR_MS, POLL_MS, TimerFirer
from tests.kit.actors import ANN
from tests.kit.definitions import compute, dag, sequence
from tests.kit.eventually import eventually
from tests.scheduler.world import Unreliable, World

HOUR = 3_600_000


@asynccontextmanager
async def firing_timers(
    world: World, *, after: int = 0, observes: bool = True
) -> AsyncIterator[TimerFirer]:
    """Run the loop, which observes the log unless `observes` is False."""
    timers = TimerFirer(world.stores, clock=world.clock, rng=Random(1), counters=Counters())

    async def observe(batch):
        if observes:
            timers.observe(batch)

    async with asyncio.TaskGroup() as group:
        subscription = await world.stores.log.subscribe("timers", after=after)
        tasks = [
            group.create_task(follow(subscription, observe, clock=world.clock)),
            group.create_task(timers.run()),
        ]
        yield timers
        for task in tasks:
            task.cancel()
    await timers.finish(grace_s=10)


class Damaged(Unreliable):
    """A store with one unreadable stream."""

    def __init__(self, store, stream: str) -> None:
        super().__init__(store, fail_on=0, written=False)
        self._damaged = stream

    async def read(self, stream, *, after=0):
        if stream == self._damaged:
            raise Unreadable(stream)
        return await super().read(stream, after=after)


def report(world: World, graph, outcome, step_id="a", attempt=1) -> ReportOutcome:
    token = Token(step_id=step_id, visit=1, attempt=attempt)
    return ReportOutcome(token=token, outcome=outcome, graph=graph, at=world.clock.now())


async def fail(world: World, stream: str, graph) -> None:
    failed = Failed(error=Error(code="X", message="no"), jitter=1.0)
    await transact(world.store, RUN, stream, report(world, graph, failed))


async def test_a_short_delay_ends_in_time_and_never_early(world):
    async with firing_timers(world):
        await world.pass_time(130, step_ms=10)
        await world.start("r1", Delay(id="wait", delay_ms=1_234, next="a"), compute("a"))
        [begun] = await world.events(DelayStarted)
        await world.pass_time(1_230, step_ms=10)
        assert await world.events(DelayElapsed) == []
        await world.pass_time(50, step_ms=10)

    [elapsed] = await world.events(DelayElapsed)
    assert begun.resume_at <= elapsed.at <= begun.resume_at + 20
    assert [event.step_id for event in await world.events(StepStarted)] == ["a"]


async def test_a_delay_before_a_decision_on_a_lost_value_ends_and_fails_the_run(world):
    lost = Artifact("a" * 64, 70_000)
    paid = Condition(path="input.paid", op="eq", value=True)
    graph = sequence(
        Delay(id="wait", delay_ms=100, next="choose"),
        Decision(id="choose", cases=(Case(conditions=(paid,), next="a"),), default_next="a"),
        compute("a"),
    )
    async with firing_timers(world):
        stream = await world.start("r1", graph=graph, data=lost, size=lost.bytes)
        await world.pass_time(200, step_ms=10)

    assert len(await world.events(DelayElapsed)) == 1
    error = (await world.run(stream)).errors["choose"]
    assert error.code == ARTIFACT_UNREADABLE
    assert lost.sha256 in error.message
    assert await world.events(StepStarted) == []


async def test_a_backoff_ends_in_time_and_never_early(world):
    graph = sequence(compute("a", retry=Retry(max_attempts=2, backoff_ms=700)))
    async with firing_timers(world):
        stream = await world.start("r1", graph=graph)
        await fail(world, stream, graph)
        [planned] = await world.events(RetryScheduled)
        await world.pass_time(690, step_ms=10)
        assert len(await world.events(StepStarted)) == 1
        await world.pass_time(50, step_ms=10)

    again = (await world.events(StepStarted))[-1]
    assert (again.attempt, again.cause) == (2, "retry")
    assert planned.due_at == planned.at + 700
    assert planned.due_at <= again.at <= planned.due_at + 20


async def test_a_delay_that_is_not_in_memory_is_found_in_the_view(world):
    await world.start("r1", Delay(id="wait", delay_ms=2_000))
    await world.project()

    async with firing_timers(world, observes=False):
        await world.pass_time(1_990, step_ms=10)
        assert await world.events(DelayElapsed) == []
        await world.pass_time(50, step_ms=10)

    [elapsed] = await world.events(DelayElapsed)
    [begun] = await world.events(DelayStarted)
    assert begun.resume_at <= elapsed.at <= begun.resume_at + 20


async def test_a_delay_too_long_to_be_kept_in_memory_is_punctual(world):
    async with firing_timers(world):
        await world.start("r1", Delay(id="wait", delay_ms=NEAR_MS + 5_000))
        await world.project()
        await world.pass_time(NEAR_MS + 4_900, step_ms=100)
        assert await world.events(DelayElapsed) == []
        await world.pass_time(200, step_ms=10)

    [elapsed] = await world.events(DelayElapsed)
    [begun] = await world.events(DelayStarted)
    assert elapsed.at <= begun.resume_at + 20


async def test_a_timer_that_became_due_without_a_scheduler_fires_at_once(world):
    for number in range(30):
        await world.start(f"r{number}", Delay(id="wait", delay_ms=1_000))
    await world.project()
    await world.clock.advance(5 * HOUR)

    async with firing_timers(world, observes=False):
        await world.pass_time(2 * POLL_MS, step_ms=10)

    assert len(await world.events(DelayElapsed)) == 30


async def test_an_attempt_gets_a_grace_period_after_its_deadline(world):
    graph = sequence(compute("a", timeout_ms=2_000))
    await world.start("r1", graph=graph)
    await world.project()

    async with firing_timers(world):
        await world.pass_time(2_000 + DEADLINE_GRACE_MS - 10, step_ms=10)
        assert await world.events(StepTimedOut) == []
        await world.pass_time(2 * POLL_MS, step_ms=10)

    [started], [timed_out] = await world.events(StepStarted), await world.events(StepTimedOut)
    assert 0 <= timed_out.at - started.deadline_at - DEADLINE_GRACE_MS <= POLL_MS
    assert (timed_out.step_id, timed_out.timeout_ms) == ("a", 2_000)


async def test_an_attempt_that_ended_in_time_does_not_time_out(world):
    graph = sequence(compute("a", timeout_ms=1_000))
    stream = await world.start("r1", graph=graph)
    await world.project()  # the view does not see the end
    await transact(world.store, RUN, stream, report(world, graph, Succeeded()))

    async with firing_timers(world):
        await world.pass_time(4_000, step_ms=10)

    assert await world.events(StepTimedOut) == []
    assert (await world.run(stream)).status == "completed"


async def test_a_fired_timer_that_the_view_still_shows_does_not_fire_again(world):
    stream = await world.start("r1", Delay(id="wait", delay_ms=500, next="a"), compute("a"))
    await world.project()

    async with firing_timers(world):
        await world.pass_time(8_000, step_ms=50)

    assert len(await world.events(DelayElapsed)) == 1
    assert (await world.run(stream)).steps["a"].attempt == 1


async def test_two_concurrent_schedulers_fire_each_timer_once(world):
    for number in range(40):
        await world.start(f"r{number}", Delay(id="wait", delay_ms=400))

    async with firing_timers(world), firing_timers(world):
        await world.pass_time(600, step_ms=10)

    assert len(await world.events(DelayElapsed)) == 40


async def test_the_delays_of_a_cancelled_run_do_not_fire(world):
    stream = await world.start("r1", Delay(id="wait", delay_ms=400, next="a"), compute("a"))
    await transact(world.store, RUN, stream, CancelRun(actor=ANN, at=world.clock.now()))

    async with firing_timers(world):
        await world.pass_time(1_000, step_ms=10)

    assert await world.events(DelayElapsed) == []


async def pause(world: World, stream: str) -> None:
    await transact(world.store, RUN, stream, PauseRun(actor=ANN, at=world.clock.now()))


async def resume(world: World, stream: str, graph, timers: Timers = "fire") -> None:
    command = ResumeRun(graph=graph, actor=ANN, at=world.clock.now(), timers=timers)
    await transact(world.store, RUN, stream, command)


@pytest.mark.parametrize("observes", [True, False])
async def test_the_delays_of_a_paused_run_end_after_it_is_resumed(world, observes):
    graph = sequence(Delay(id="wait", delay_ms=400))
    async with firing_timers(world, observes=observes), world.projecting():
        stream = await world.start("r1", graph=graph)
        await world.pass_time(100, step_ms=10)
        await pause(world, stream)
        await world.pass_time(3_000)
        assert await world.events(DelayElapsed) == []
        await resume(world, stream, graph, "shift")
        [again] = await world.events(TimerSet)
        await world.pass_time(400 + POLL_MS, step_ms=10)

    [elapsed] = await world.events(DelayElapsed)
    assert again.due_at == again.at + 300
    assert again.due_at <= elapsed.at <= again.due_at + (20 if observes else POLL_MS + 10)


async def test_the_timers_of_paused_runs_are_not_read(world):
    stream = await world.start("r1", Delay(id="wait", delay_ms=400))
    await pause(world, stream)
    await world.project()

    assert await TimerQueries(world.stores.views).due(world.clock.now() + HOUR, 10) == []


async def test_a_thousand_delays_of_one_run_end_together(world):
    delays = [Delay(id=f"w{number}", delay_ms=300) for number in range(1_000)]
    stream = await world.start("r1", graph=dag(*delays))
    appended = await world.store.head()

    async with firing_timers(world) as timers:
        await world.pass_time(300, step_ms=10)
        await timers.finish(grace_s=10)

    assert (await world.run(stream)).status == "completed"
    assert await world.store.head() == appended + 1_001


async def test_more_due_timers_than_fire_at_once_all_fire(world, monkeypatch):
    monkeypatch.setattr(fire_timers, "CONCURRENT_RUNS", 3)
    monkeypatch.setattr(fire_timers, "PAGE_SIZE", 10)
    for number in range(60):
        await world.start(f"r{number}", Delay(id="wait", delay_ms=100))
    await world.project()
    await world.clock.advance(HOUR)

    async with firing_timers(world, observes=False):
        await world.pass_time(20 * POLL_MS, step_ms=50)

    assert len(await world.events(DelayElapsed)) == 60


@pytest.mark.parametrize("written", [False, True])
async def test_a_timer_whose_append_fails_fires_once(world, written):
    await world.start("r1", Delay(id="wait", delay_ms=200))
    await world.start("r2", Delay(id="wait", delay_ms=200))
    await world.project()
    broken = world.on(Unreliable(world.store, fail_on=1, written=written))

    async with firing_timers(broken):
        await world.pass_time(9_000, step_ms=50)

    elapsed = await world.events(DelayElapsed)
    assert len(elapsed) == 2


async def test_a_timer_that_cannot_fire_does_not_block_others(world, monkeypatch):
    monkeypatch.setattr(fire_timers, "PAGE_SIZE", 1)
    damaged = await world.start("r1", Delay(id="wait", delay_ms=100))
    await world.start("r2", Delay(id="wait", delay_ms=200))
    await world.project()

    async with firing_timers(world.on(Damaged(world.store, damaged)), observes=False):
        await world.pass_time(1_500, step_ms=10)

    [elapsed] = [one for one in await world.log() if isinstance(one.event, DelayElapsed)]
    assert elapsed.stream != damaged


async def test_timers_fire_after_the_clock_is_put_back(world):
    async with firing_timers(world, observes=False):
        await world.pass_time(500, step_ms=10)
        world.clock.jump_ms = -24 * HOUR
        await world.start("r1", Delay(id="wait", delay_ms=400))
        await world.project()
        await world.pass_time(1_200, step_ms=10)

    assert len(await world.events(DelayElapsed)) == 1


async def test_timers_due_after_the_clock_is_put_forward_fire(world):
    async with firing_timers(world):
        await world.start("r1", Delay(id="wait", delay_ms=HOUR))
        await world.project()
        await world.pass_time(500, step_ms=10)
        world.clock.jump_ms = HOUR
        await world.pass_time(2 * POLL_MS, step_ms=10)

    assert len(await world.events(DelayElapsed)) == 1


async def test_fired_timers_are_removed_from_memory(world):
    async with firing_timers(world) as timers:
        for number in range(20):
            await world.start(f"r{number}", Delay(id="wait", delay_ms=100))
        await eventually(lambda: _size(timers, 20), every_s=0)
        await world.pass_time(200, step_ms=10)
        assert await _size(timers, 0)


async def _size(timers: TimerFirer, size: int) -> bool:
    return len(timers._due) == size


@pytest.mark.parametrize("observes", [True, False])
async def test_a_point_that_is_late_fails_its_run(world, observes):
    graph = dag(compute("a"), Sync(id="all", needs=("a",), timeout_ms=900))
    async with firing_timers(world, observes=observes):
        await world.start("r1", graph=graph)
        await world.project()
        await world.pass_time(850, step_ms=10)
        assert await world.events(RunFailed) == []
        await world.pass_time(400, step_ms=10)

    [failed] = await world.events(RunFailed)
    assert (failed.step_id, failed.error.code) == ("all", "TIMEOUT")
