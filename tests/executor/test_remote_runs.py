"""Runs whose steps are performed by workers, while executors and workers start and crash."""

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
from baton.domain.run.messages.commands import FireTimer
from baton.domain.run.messages.step_events import StepStarted
from baton.domain.run.outcome import Token
from baton.domain.stream import stream_name
from baton.eventlog.loops.follow import follow
from baton.executor.executor import Executor
from baton.executor.functions.registered_functions import RegisteredFunctions
from baton.executor.workers.remote_workers import RemoteWorkers
from tests.backends.memory import open_stores
from tests.executor.queue_ends import PREFIX, queue_registry, running_worker, task_sender
from tests.executor.world import ScriptedFunctions, World, compute
from tests.kit.clock import ManualClock
from tests.kit.eventually import eventually


@function("train")
async def train(payload: dict[str, Any], context: StepContext) -> StepResult:
    seen = payload["context"].get("seen", [])
    return StepResult(output=len(seen), context={"seen": [*seen, context.step_id]})


@dataclass(eq=False)
class Process:
    """An executor with its own client of remote workers; `stop` leaves its runs unfinished."""

    executor: Executor
    remote: RemoteWorkers
    functions: RegisteredFunctions
    following: asyncio.Task[None]

    async def stop(self) -> None:
        self.following.cancel()
        await asyncio.gather(self.following, return_exceptions=True)
        await self.executor.stop(grace_s=0)
        await self.functions.close()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World(await open_stores(Path()), ManualClock(), ScriptedFunctions())
    try:
        yield made
    finally:
        await made.stores.close()


@pytest.fixture
def topics() -> MemoryTopics:
    return MemoryTopics()


@asynccontextmanager
async def executor_process(
    world: World, topics: MemoryTopics, *, after: int = 0
) -> AsyncIterator[Process]:
    """Run an executor whose function "train" belongs to the queue "gpu"."""
    remote = RemoteWorkers(topics, prefix=PREFIX, clock=world.clock)
    functions = RegisteredFunctions(queue_registry("train"), clock=world.clock, remote=remote)
    executor = Executor(
        world.stores.events,
        functions,
        clock=world.clock,
        rng=Random(1),
        hold=world.hold,
        values=world.values,
    )
    subscription = await world.stores.log.subscribe("executor", after=after)
    following = asyncio.create_task(follow(subscription, executor.handle, clock=world.clock))
    process = Process(executor, remote, functions, following)
    try:
        yield process
    finally:
        await process.stop()


async def test_the_steps_of_a_run_are_performed_by_several_workers(
    world: World, topics: MemoryTopics
) -> None:
    steps = [compute(f"s{n}", function="train", next=f"s{n + 1}") for n in range(5)]
    async with (
        executor_process(world, topics),
        running_worker(topics, train, clock=world.clock),
        running_worker(topics, train, clock=world.clock),
    ):
        await world.request(await world.define(*steps, compute("s5", function="train")))
        run = await world.finished()

    assert run.status == "completed"
    assert run.context == {"seen": ["s0", "s1", "s2", "s3", "s4", "s5"]}
    assert run.outputs["s5"] == {"output": 5}


async def test_many_runs_complete_on_two_workers(world: World, topics: MemoryTopics) -> None:
    async with (
        executor_process(world, topics),
        running_worker(topics, train, clock=world.clock),
        running_worker(topics, train, clock=world.clock),
    ):
        definition = await world.define(compute("a", function="train"))
        for number in range(200):
            await world.request(definition, f"r{number}")
        ended = [await world.finished(f"r{number}") for number in range(200)]

    assert {run.status for run in ended} == {"completed"}


async def test_a_step_that_failed_on_a_worker_is_retried(
    world: World, topics: MemoryTopics
) -> None:
    @function("train")
    def fail_first(_payload: Any, context: StepContext) -> str:
        if context.attempt == 1:
            raise OSError("disk full")
        return "done"

    async with (
        executor_process(world, topics),
        running_worker(topics, fail_first, clock=world.clock),
    ):
        retry = Retry(max_attempts=2, backoff_ms=1_000)
        definition = await world.define(compute("a", function="train", retry=retry))
        await world.request(definition)
        waiting = await world.until(lambda run: run.steps["a"].attempt == 2 if run.steps else False)
        due_at = waiting.steps["a"].due_at
        await world.command(
            FireTimer(token=Token("a", 1, 2), graph=definition.body.graph, at=due_at)
        )
        run = await world.finished()

    assert run.status == "completed"
    assert run.outputs["a"] == {"output": "done"}


async def test_a_failure_that_is_not_retryable_fails_the_run(
    world: World, topics: MemoryTopics
) -> None:
    @function("train")
    def never() -> None:
        raise NonRetryableError("no such model", code="NO_MODEL")

    async with executor_process(world, topics), running_worker(topics, never, clock=world.clock):
        retry = Retry(max_attempts=5, backoff_ms=1)
        await world.request(await world.define(compute("a", function="train", retry=retry)))
        run = await world.finished()

    assert run.status == "failed"
    assert run.errors["a"].code == "NO_MODEL"


async def test_a_step_without_an_answer_times_out(world: World, topics: MemoryTopics) -> None:
    async with executor_process(world, topics) as process:
        await world.request(await world.define(compute("a", function="train", timeout_ms=1)))
        run = await world.finished()
        async with running_worker(topics, train, clock=world.clock):
            await eventually(lambda: process.remote.refused_answers.late == 1)

    assert run.errors["a"].code == "TIMEOUT"


async def test_a_handover_sends_the_task_again_as_a_new_attempt(
    world: World, topics: MemoryTopics
) -> None:
    started: list[int] = []
    first, second = asyncio.Event(), asyncio.Event()

    @function("train")
    async def held(_payload: Any, context: StepContext) -> int:
        started.append(context.attempt)
        await (first if context.attempt == 1 else second).wait()
        return context.attempt

    stream = stream_name("acme", "run", "r")
    observer = await task_sender(topics)
    async with running_worker(topics, held, clock=world.clock):
        async with executor_process(world, topics) as stopping:
            await world.request(await world.define(compute("a", function="train")))
            await eventually(lambda: started == [1])
            await stopping.stop()
        async with executor_process(
            world, topics, after=await world.stores.events.head()
        ) as successor:
            await successor.executor.take_over_runs([stream])
            await eventually(lambda: started == [1, 2])
            first.set()
            await eventually(lambda: successor.remote.refused_answers.superseded == 1)
            second.set()
            run = await world.finished()
            answers = await observer.next_answers(2)

    history = await world.stores.events.read(stream)
    attempts = [one.event for one in history if isinstance(one.event, StepStarted)]
    assert [(event.attempt, event.cause) for event in attempts] == [(1, "start"), (2, "handover")]
    assert run.outputs["a"] == {"output": 2}
    assert [one["attempt"] for one in answers] == [1, 2]
