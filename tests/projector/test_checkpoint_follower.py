"""The views' checkpoint in a process that doesn't project them."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.views import Table
from baton.projector.checkpoint_follower import RETRY_MS, CheckpointFollower
from tests.kit.clock import ManualClock


class ScriptedProgress:
    """Views of another process, whose checkpoint the test sets."""

    def __init__(self) -> None:
        self.there = False
        self.away = False
        self.asked = 0
        self.followed = 0
        self._checkpoint = 0
        self._moved = asyncio.Event()

    def move(self, checkpoint: int) -> None:
        self._checkpoint = checkpoint
        self._moved.set()
        self._moved = asyncio.Event()

    async def attach(self, tables: Sequence[Table]) -> bool:
        self.asked += 1
        if self.away:
            raise Unavailable("away")
        assert tables
        return self.there

    async def next_checkpoint(self, after: int) -> int:
        self.followed += 1
        while self._checkpoint <= after:
            await self._moved.wait()
        return self._checkpoint


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def kept() -> ScriptedProgress:
    return ScriptedProgress()


@pytest.fixture
async def progress(kept: ScriptedProgress, clock: ManualClock) -> AsyncIterator[CheckpointFollower]:
    made = CheckpointFollower(kept, clock=clock)
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def retried(clock: ManualClock) -> None:
    for _ in range(3):
        await asyncio.sleep(0)
    await clock.advance(RETRY_MS)


async def test_no_position_is_reached_before_the_views_exist(
    progress: CheckpointFollower, kept: ScriptedProgress, clock: ManualClock
) -> None:
    await retried(clock)

    assert progress.position == -1
    assert not await progress.reached(0, 1)
    kept.there = True
    await retried(clock)
    assert await progress.reached(0, 5_000)


async def test_a_waiting_task_returns_once_its_position_is_reached(
    progress: CheckpointFollower, kept: ScriptedProgress, clock: ManualClock
) -> None:
    kept.there = True
    await retried(clock)
    waiting = asyncio.create_task(progress.reached(7, 5_000))
    kept.move(6)
    await asyncio.sleep(0)
    assert not waiting.done()
    kept.move(8)

    assert await waiting
    assert progress.position == 8


async def test_an_unavailable_store_is_retried(
    progress: CheckpointFollower, kept: ScriptedProgress, clock: ManualClock
) -> None:
    kept.away = kept.there = True
    await retried(clock)
    await retried(clock)
    assert kept.asked >= 2
    kept.away = False
    await retried(clock)

    assert await progress.reached(0, 5_000)


async def test_on_demand_it_follows_only_while_a_task_waits(
    kept: ScriptedProgress, clock: ManualClock
) -> None:
    progress = CheckpointFollower(kept, clock=clock, on_demand=True)
    running = asyncio.create_task(progress.run())
    kept.there = True
    kept.move(6)
    await retried(clock)
    assert kept.followed == 0

    assert await progress.reached(5, 5_000)
    followed = kept.followed
    kept.move(8)
    kept.move(9)
    await retried(clock)
    assert kept.followed == followed
    assert await progress.reached(9, 5_000)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
