"""Evicted runs are loaded when external events move them."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any

import pytest

from baton.domain.definition.graph import Delay
from baton.domain.run.messages.commands import FireTimer
from baton.domain.run.messages.run_events import RunStarted
from baton.domain.run.outcome import Token
from baton.domain.stream import stream_name
from baton.eventlog.events.envelope import Recorded
from baton.executor.runs.run_loader import MAX_CONCURRENT_LOADS, MAX_PENDING_LOADS, RunLoader
from tests.executor.world import World, compute, open_world


class Loads:
    """Loads that end when the test sets `go_on`."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, Sequence[Recorded]]] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.go_on = asyncio.Event()

    async def load(self, stream: str, seen: Sequence[Recorded]) -> None:
        self.begun.append((stream, seen))
        await self.go_on.wait()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.add(asyncio.create_task(work))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as made:
        yield made


def event(stream: str, version: int = 1) -> Recorded:
    return Recorded(version, stream, version, RunStarted(at=version))


async def test_a_run_is_loaded_once_for_all_events_that_arrive_meanwhile() -> None:
    loads = Loads()
    loader = RunLoader(loads.load, loads.spawn)
    for version in range(1, 100):
        loader.request(event("one", version))
        await asyncio.sleep(0)

    assert [(stream, len(seen)) for stream, seen in loads.begun] == [("one", 99)]
    loads.go_on.set()
    await asyncio.gather(*loads.tasks)
    loader.request(event("one", 100))
    await asyncio.gather(*loads.tasks)
    assert len(loads.begun) == 2


async def test_concurrent_loads_are_limited_and_the_log_waits_for_pending_ones() -> None:
    loads = Loads()
    loader = RunLoader(loads.load, loads.spawn)
    for number in range(MAX_PENDING_LOADS):
        loader.request(event(f"run-{number}"))
    waiting = asyncio.create_task(loader.wait_for_capacity())
    for _ in range(5):
        await asyncio.sleep(0)

    assert len(loads.begun) == MAX_CONCURRENT_LOADS
    assert not waiting.done()
    loads.go_on.set()
    await asyncio.gather(waiting, *loads.tasks)
    assert len(loads.begun) == MAX_PENDING_LOADS


async def test_an_event_that_arrives_while_its_run_is_read_is_not_lost(
    world: World,
) -> None:
    definition = await world.define(Delay(id="wait", delay_ms=10, next="a"), compute("a"))
    first = await world.executor()
    await world.request(definition)
    await world.until(lambda run: "wait" in run.steps)
    await world.stop_following()
    await first.stop(grace_s=5)
    before = await world.stores.events.read(stream_name("acme", "run", "r"))
    run = await world.run()
    fire = FireTimer(
        token=Token("wait", run.steps["wait"].visit, run.steps["wait"].attempt),
        graph=definition.body.graph,
        at=run.steps["wait"].due_at,
    )

    executor = await world.executor(after=await world.stores.events.head())
    await executor.handle(before[-1:])  # the run is being read …
    await world.command(fire)  # … when the timer fires

    assert (await world.finished()).status == "completed"
