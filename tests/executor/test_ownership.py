"""Runs that move between executors: taken up with a share, let go with it, echoes passed over."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import CancelRun, Succeeded, TakeOver
from baton.domain.stream import stream_name
from baton.eventlog.ports.partitions import OwnsStream
from baton.executor.executor import Executor
from baton.executor.ownership import Ownership
from baton.executor.runs.takeover_watch import STALLED_AFTER_MS
from baton.projector.projector import Projector
from baton.projector.views.runs.queries import RunQueries
from tests.executor.working import World, a_world, compute
from tests.kit.actors import ANN

STREAM = stream_name("acme", RUN.name, "r")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as made:
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


def all_of_it(_stream: str) -> bool:
    return True


def none_of_it(_stream: str) -> bool:
    return False


async def test_unfinished_runs_of_a_gained_share_are_performed(
    world: World, projector: Projector
) -> None:
    await world.request(await world.define(compute("a")))
    _, ownership = await executor_of(world, projector)

    await ownership.gain(all_of_it)

    assert (await world.ended()).status == "completed"


async def test_runs_of_other_shares_are_left_alone(world: World, projector: Projector) -> None:
    await world.request(await world.define(compute("a")))
    executor, ownership = await executor_of(world, projector)

    await ownership.gain(none_of_it)

    assert executor.live_runs == 0
    assert (await world.run()).status == "pending"


async def test_what_is_under_way_in_a_lost_share_is_cut_off_and_never_reported(
    world: World, projector: Projector
) -> None:
    world.functions.hold("a")
    executor, ownership = await executor_of(world, projector)
    await world.request(await world.define(compute("a", next="b"), compute("b")))
    await world.called(1)
    await world.stop_following()

    await ownership.lose(all_of_it)
    world.functions.end("a", Succeeded(output="late"))
    await executor.stop(grace_s=5)

    assert len(world.functions.cancelled) == 1
    assert executor.live_runs == 0
    assert executor.counts.runs_lost_to_another == 1
    assert (await world.run()).steps["a"].status == "running"


async def test_a_run_goes_on_with_its_next_owner(world: World, projector: Projector) -> None:
    world.functions.hold("a")
    _, first = await executor_of(world, projector)
    await world.request(await world.define(compute("a", next="b"), compute("b")))
    await world.called(1)

    await first.lose(all_of_it)
    await world.stop_following()
    del world.functions.held["a"]
    _, second = await executor_of(world, projector)
    await second.gain(all_of_it)

    run = await world.ended()
    assert run.status == "completed"
    assert run.steps["a"].takeovers == 1


async def test_requests_that_wait_for_a_place_go_with_their_share(
    world: World, projector: Projector
) -> None:
    executor, ownership = await executor_of(world, projector)
    await executor.stop(grace_s=0)  # what comes in now waits
    await world.request(await world.define(compute("a")))
    await world.waiting(executor, 1)

    await ownership.lose(_only(STREAM))

    assert executor.backlog == 0


async def test_the_echo_of_an_own_append_is_known_and_a_foreign_event_is_not(
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


async def test_what_comes_again_of_a_run_that_is_over_is_known_until_it_is_reopened(
    world: World, projector: Projector
) -> None:
    executor, ownership = await executor_of(world, projector)
    definition = await world.define(compute("a"))
    await world.request(definition)
    over = await world.ended()
    await executor.stop(grace_s=5)
    await executor.handle(await world.stores.events.read(STREAM))
    await executor.stop(grace_s=5)

    assert ownership.already_seen(STREAM, over.version)
    assert not ownership.already_seen(STREAM, over.version + 1)


def _only(stream: str) -> OwnsStream:
    return lambda one: one == stream


async def test_a_run_that_nobody_goes_on_with_is_taken_over_again_by_the_owner_of_its_share(
    world: World, projector: Projector
) -> None:
    world.functions.hold("a")
    executor, ownership = await executor_of(world, projector)
    await ownership.gain(all_of_it)
    definition = await world.define(compute("a"))
    await world.request(definition)
    await world.called(1)

    await world.command(TakeOver(graph=definition.body.graph, at=world.clock.now()))
    await world.dropped(executor)
    await world.clock.advance(STALLED_AFTER_MS)
    await world.called(2)
    world.functions.end("a", Succeeded(output="done"))

    run = await world.ended()
    assert run.status == "completed"
    assert run.steps["a"].takeovers == 2


async def test_a_run_that_another_executor_goes_on_with_is_left_to_it(
    world: World, projector: Projector
) -> None:
    world.functions.hold("a")
    executor, ownership = await executor_of(world, projector)
    await ownership.gain(all_of_it)
    definition = await world.define(compute("a", next="b"), compute("b"))
    await world.request(definition)
    await world.called(1)

    await world.command(TakeOver(graph=definition.body.graph, at=world.clock.now()))
    await world.dropped(executor)
    await ownership.lose(all_of_it)
    await world.clock.advance(10 * STALLED_AFTER_MS)

    assert executor.live_runs == 0
    assert (await world.run()).steps["a"].takeovers == 1
