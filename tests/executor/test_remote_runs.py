"""Runs whose steps are performed by workers, with executors and workers that come and go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from baton import NonRetryableError, StepContext, StepResult, function
from baton.backends.memory.topics import MemoryTopics
from baton.domain.definition.graph import Retry
from baton.domain.run.messages import FireTimer, StepStarted, Token
from baton.domain.stream import stream_name
from baton.eventlog.loops.follow import follow
from baton.executor.executor import Executor
from baton.executor.functions.registered_functions import RegisteredFunctions
from baton.executor.workers.remote_workers import RemoteWorkers
from tests.backends.memory import open_stores
from tests.executor.remote_working import PREFIX, giving, queue_registry, until, working
from tests.executor.working import Scripted, World, compute
from tests.kit.clock import ManualClock


@function("train")
async def train(payload: dict[str, Any], context: StepContext) -> StepResult:
    seen = payload["context"].get("seen", [])
    return StepResult(output=len(seen), context={"seen": [*seen, context.step_id]})


@dataclass(eq=False)
class Process:
    """An executor with its own end of the topics; `crash` leaves its runs as they are."""

    executor: Executor
    remote: RemoteWorkers
    functions: RegisteredFunctions
    following: asyncio.Task[None]

    async def crash(self) -> None:
        self.following.cancel()
        await asyncio.gather(self.following, return_exceptions=True)
        await self.executor.stop(grace_s=0)
        await self.functions.close()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World(await open_stores(Path()), ManualClock(), Scripted())
    try:
        yield made
    finally:
        await made.stores.close()


@pytest.fixture
def topics() -> MemoryTopics:
    return MemoryTopics()


@asynccontextmanager
async def a_process(
    world: World, topics: MemoryTopics, *, after: int = 0
) -> AsyncIterator[Process]:
    """Run an executor whose function "train" is performed by the workers of a queue."""
    remote = RemoteWorkers(topics, prefix=PREFIX, clock=world.clock)
    functions = RegisteredFunctions(queue_registry("train"), clock=world.clock, remote=remote)
    executor = Executor(world.stores.events, functions, clock=world.clock, rng=Random(1))
    subscription = await world.stores.log.subscribe("executor", after=after)
    following = asyncio.create_task(follow(subscription, executor.handle, clock=world.clock))
    process = Process(executor, remote, functions, following)
    try:
        yield process
    finally:
        await process.crash()


async def test_a_run_goes_from_worker_to_worker(world: World, topics: MemoryTopics) -> None:
    steps = [compute(f"s{n}", function="train", next=f"s{n + 1}") for n in range(5)]
    async with (
        a_process(world, topics),
        working(topics, train, clock=world.clock),
        working(topics, train, clock=world.clock),
    ):
        await world.request(await world.define(*steps, compute("s5", function="train")))
        run = await world.ended()

    assert run.status == "completed"
    assert run.context == {"seen": ["s0", "s1", "s2", "s3", "s4", "s5"]}
    assert run.outputs["s5"] == {"output": 5}


async def test_many_runs_share_the_workers(world: World, topics: MemoryTopics) -> None:
    async with (
        a_process(world, topics),
        working(topics, train, clock=world.clock),
        working(topics, train, clock=world.clock),
    ):
        definition = await world.define(compute("a", function="train"))
        for number in range(200):
            await world.request(definition, f"r{number}")
        ended = [await world.ended(f"r{number}") for number in range(200)]

    assert {run.status for run in ended} == {"completed"}


async def test_a_step_that_failed_on_a_worker_is_tried_again(
    world: World, topics: MemoryTopics
) -> None:
    @function("train")
    def fail_first(_payload: Any, context: StepContext) -> str:
        if context.attempt == 1:
            raise OSError("no room")
        return "done"

    async with a_process(world, topics), working(topics, fail_first, clock=world.clock):
        retry = Retry(max_attempts=2, backoff_ms=1_000)
        definition = await world.define(compute("a", function="train", retry=retry))
        await world.request(definition)
        waiting = await world.until(lambda run: run.steps["a"].attempt == 2 if run.steps else False)
        due_at = waiting.steps["a"].due_at
        await world.command(
            FireTimer(token=Token("a", 1, 2), graph=definition.body.graph, at=due_at)
        )
        run = await world.ended()

    assert run.status == "completed"
    assert run.outputs["a"] == {"output": "done"}


async def test_a_failure_that_is_final_ends_the_run(world: World, topics: MemoryTopics) -> None:
    @function("train")
    def never() -> None:
        raise NonRetryableError("no such model", code="NO_MODEL")

    async with a_process(world, topics), working(topics, never, clock=world.clock):
        retry = Retry(max_attempts=5, backoff_ms=1)
        await world.request(await world.define(compute("a", function="train", retry=retry)))
        run = await world.ended()

    assert run.status == "failed"
    assert run.errors["a"].code == "NO_MODEL"


async def test_a_step_that_no_worker_answers_times_out(world: World, topics: MemoryTopics) -> None:
    async with a_process(world, topics) as process:
        await world.request(await world.define(compute("a", function="train", timeout_ms=1)))
        run = await world.ended()
        async with working(topics, train, clock=world.clock):
            await until(lambda: process.remote.refused_answers.late == 1)

    assert run.errors["a"].code == "TIMEOUT"


async def test_a_task_whose_executor_is_gone_is_taken_over_as_a_new_attempt(
    world: World, topics: MemoryTopics
) -> None:
    begun: list[int] = []
    first, second = asyncio.Event(), asyncio.Event()

    @function("train")
    async def held(_payload: Any, context: StepContext) -> int:
        begun.append(context.attempt)
        await (first if context.attempt == 1 else second).wait()
        return context.attempt

    stream = stream_name("acme", "run", "r")
    onlooker = await giving(topics)
    async with working(topics, held, clock=world.clock):
        async with a_process(world, topics) as crashing:
            await world.request(await world.define(compute("a", function="train")))
            await until(lambda: begun == [1])
            await crashing.crash()
        async with a_process(world, topics, after=await world.stores.events.head()) as successor:
            await successor.executor.take_over_runs([stream])
            await until(lambda: begun == [1, 2])
            first.set()
            await until(lambda: successor.remote.refused_answers.superseded == 1)
            second.set()
            run = await world.ended()
            said = await onlooker.said(2)

    history = await world.stores.events.read(stream)
    started = [one.event for one in history if isinstance(one.event, StepStarted)]
    assert [(event.attempt, event.cause) for event in started] == [(1, "start"), (2, "takeover")]
    assert run.outputs["a"] == {"output": 2}
    assert [one["attempt"] for one in said] == [1, 2]
