"""Runs follow their partition from one executor to the next; echoes are skipped."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.commands import CancelRun, ReleaseAttempts, TakeOver
from baton.domain.run.outcome import Succeeded, Token
from baton.domain.stream import stream_name
from baton.eventlog.ports.partitions import OwnsStream
from baton.executor.executor import Executor
from baton.executor.ownership import Ownership
from baton.executor.runs.takeover_watch import STALLED_AFTER_MS
from baton.projector.projector import Projector
from baton.projector.views.runs.queries import RunQueries
from tests.executor.world import World, compute, open_world
from tests.kit.actors import ANN

STREAM = stream_name("acme", RUN.name, "r")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as made:
        yield made


@pytest.fixture
async def projector(world: World) -> AsyncIterator[Projector]:
    made = Projector(world.stores.views, clock=world.clock)
    following = asyncio.create_task(made.run(world.stores.log))
    yield made
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def executor_of(world: World, projector: Projector) -> tuple[Executor, Ownership]:
    executor = await world.executor(after=await world.stores.events.head())
    runs = RunQueries(world.stores.views)
    return executor, Ownership(executor, world.stores.events, runs, projector.reached)


def owns_all(_stream: str) -> bool:
    return True


def owns_none(_stream: str) -> bool:
    return False


async def test_unfinished_runs_of_an_assigned_partition_are_performed(
    world: World, projector: Projector
) -> None:
    await world.request(await world.define(compute("a")))
    _, ownership = await executor_of(world, projector)

    await ownership.gain(owns_all)

    assert (await world.finished()).status == "completed"


async def test_runs_of_other_partitions_are_not_touched(world: World, projector: Projector) -> None:
    await world.request(await world.define(compute("a")))
    executor, ownership = await executor_of(world, projector)

    await ownership.gain(owns_none)

    assert executor.live_runs == 0
    assert (await world.run()).status == "pending"


async def test_attempts_in_a_revoked_partition_are_cancelled_and_not_recorded(
    world: World, projector: Projector
) -> None:
    world.functions.hold("a")
    executor, ownership = await executor_of(world, projector)
    await world.request(await world.define(compute("a", next="b"), compute("b")))
    await world.called(1)
    await world.stop_following()

    await ownership.lose(owns_all)
    world.functions.end("a", Succeeded(output="late"))
    await executor.stop(grace_s=5)

    assert len(world.functions.cancelled) == 1
    assert executor.live_runs == 0
    assert executor.counts.runs_lost_to_another == 1
    step = (await world.run()).steps["a"]
    assert (step.status, step.takeovers) == ("released", 0)


async def test_an_attempt_that_a_former_owner_releases_is_continued(
    world: World, projector: Projector
) -> None:
    world.functions.hold("a")
    _, ownership = await executor_of(world, projector)
    await ownership.gain(owns_all)
    await world.request(await world.define(compute("a")))
    await world.called(1)

    token = Token(step_id="a", visit=1, attempt=1)
    await world.command(ReleaseAttempts(tokens=(token,), at=world.clock.now()))
    await world.called(2)
    world.functions.end("a", Succeeded(output="done"))

    run = await world.finished()
    assert (run.status, run.steps["a"].attempt) == ("completed", 2)
    assert len(world.functions.cancelled) == 1


async def test_the_next_partition_owner_continues_its_runs(
    world: World, projector: Projector
) -> None:
    world.functions.hold("a")
    _, first = await executor_of(world, projector)
    await world.request(await world.define(compute("a", next="b"), compute("b")))
    await world.called(1)

    await first.lose(owns_all)
    await world.stop_following()
    del world.functions.held["a"]
    _, second = await executor_of(world, projector)
    await second.gain(owns_all)

    run = await world.finished()
    assert run.status == "completed"
    assert (run.steps["a"].attempt, run.steps["a"].takeovers) == (2, 0)


async def test_the_backlog_of_a_revoked_partition_is_dropped(
    world: World, projector: Projector
) -> None:
    executor, ownership = await executor_of(world, projector)
    await executor.stop(grace_s=0)  # requests stay in the backlog from now on
    await world.request(await world.define(compute("a")))
    await world.backlog_of(executor, 1)

    await ownership.lose(_only(STREAM))

    assert executor.backlog == 0


async def test_the_echo_of_an_own_append_is_already_seen_and_an_external_event_is_not(
    world: World, projector: Projector
) -> None:
    world.functions.hold("a")
    executor, ownership = await executor_of(world, projector)
    await world.request(await world.define(compute("a")))
    await world.called(1)
    version = (await world.run()).version

    assert ownership.already_seen(STREAM, version)
    assert not ownership.already_seen(STREAM, version + 1)
    assert not ownership.already_seen(stream_name("acme", RUN.name, "another"), 1)
    await world.command(CancelRun(actor=ANN, at=world.clock.now()))
    await executor.stop(grace_s=5)


async def test_repeated_events_of_a_finished_run_are_already_seen_until_it_is_reopened(
    world: World, projector: Projector
) -> None:
    executor, ownership = await executor_of(world, projector)
    definition = await world.define(compute("a"))
    await world.request(definition)
    over = await world.finished()
    await executor.stop(grace_s=5)
    await executor.handle(await world.stores.events.read(STREAM))
    await executor.stop(grace_s=5)

    assert ownership.already_seen(STREAM, over.version)
    assert not ownership.already_seen(STREAM, over.version + 1)


def _only(stream: str) -> OwnsStream:
    return lambda one: one == stream


async def test_a_run_that_stalls_after_a_takeover_is_taken_over_by_the_partition_owner(
    world: World, projector: Projector
) -> None:
    world.functions.hold("a")
    executor, ownership = await executor_of(world, projector)
    await ownership.gain(owns_all)
    definition = await world.define(compute("a"))
    await world.request(definition)
    await world.called(1)

    await world.command(TakeOver(graph=definition.body.graph, at=world.clock.now()))
    await world.no_live_runs(executor)
    await world.stop_following()
    await world.backoff_over(definition)
    for _ in range(3):
        await world.clock.advance(STALLED_AFTER_MS)

    run = await world.until(lambda run: run.steps["a"].takeovers == 2)
    assert run.steps["a"].status == "backing_off"
    assert executor.live_runs == 1


async def test_a_run_in_a_revoked_partition_is_not_taken_over_again(
    world: World, projector: Projector
) -> None:
    world.functions.hold("a")
    executor, ownership = await executor_of(world, projector)
    await ownership.gain(owns_all)
    definition = await world.define(compute("a", next="b"), compute("b"))
    await world.request(definition)
    await world.called(1)

    await world.command(TakeOver(graph=definition.body.graph, at=world.clock.now()))
    await world.no_live_runs(executor)
    await ownership.lose(owns_all)
    await world.clock.advance(10 * STALLED_AFTER_MS)

    assert executor.live_runs == 0
    assert (await world.run()).steps["a"].takeovers == 1
