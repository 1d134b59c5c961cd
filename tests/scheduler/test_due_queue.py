"""The queue of due times: earliest first, and a wait that a new key can end."""

import asyncio

import pytest

from baton.scheduler.due_queue import DueQueue
from tests.kit.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_000)


def test_due_keys_come_earliest_first_and_once(clock: ManualClock) -> None:
    queue: DueQueue[str] = DueQueue(clock)
    for key, due_at in (("c", 900), ("a", 1_000), ("b", 900), ("later", 1_001)):
        queue.put(key, due_at)

    assert list(queue.pop_due()) == ["b", "c", "a"]
    assert list(queue.pop_due()) == []
    assert queue.next_due() == 1_001
    assert len(queue) == 1


def test_a_key_keeps_its_earliest_due_time(clock: ManualClock) -> None:
    queue: DueQueue[str] = DueQueue(clock)
    queue.put("a", 2_000)
    queue.put("a", 900)
    queue.put("a", 1_500)

    assert list(queue.pop_due()) == ["a"]
    assert queue.next_due() is None


def test_keys_are_overdue_a_while_after_their_due_time(clock: ManualClock) -> None:
    queue: DueQueue[str] = DueQueue(clock)
    for key, due_at in (("a", 499), ("b", 500), ("c", 1_000), ("later", 1_001)):
        queue.put(key, due_at)

    assert [queue.overdue(by_ms) for by_ms in (0, 500, 501)] == [2, 1, 0]


def test_superseded_entries_are_removed(clock: ManualClock) -> None:
    queue: DueQueue[str] = DueQueue(clock)
    for number in range(10_000):
        queue.put("a", 20_000 - number)

    assert queue.next_due() == 10_001
    assert len(queue._heap) < 100


async def test_a_wait_ends_when_a_key_is_due_or_the_limit_is_reached(clock: ManualClock) -> None:
    queue: DueQueue[str] = DueQueue(clock)
    queue.put("a", 1_300)
    for longest_ms, waited_ms in ((200, 200), (5_000, 100)):
        waiting = asyncio.create_task(queue.wait(longest_ms))
        await clock.advance(waited_ms - 1)
        assert not waiting.done()
        await clock.advance(1)
        await asyncio.wait_for(waiting, 5)


async def test_a_wait_shows_the_clock_a_due_time_beyond_its_limit(clock: ManualClock) -> None:
    queue: DueQueue[str] = DueQueue(clock)
    queue.put("a", 1_000_000)
    waiting = asyncio.create_task(queue.wait(250))
    await clock.advance(0)

    assert clock.sleepers == 2
    await clock.advance(250)
    await asyncio.wait_for(waiting, 5)


async def test_a_key_that_becomes_the_first_ends_a_wait(clock: ManualClock) -> None:
    """The clock has to know the next due time, even one beyond the limit of the wait."""
    queue: DueQueue[str] = DueQueue(clock)
    for due_at, ends in ((900_000, True), (800_000, True), (850_000, False)):
        waiting = asyncio.create_task(queue.wait(60_000))
        await asyncio.sleep(0)
        queue.put(str(due_at), due_at)
        await clock.advance(0)
        assert waiting.done() is ends
        waiting.cancel()
        await asyncio.wait([waiting])


async def test_an_earlier_key_ends_a_wait(clock: ManualClock) -> None:
    queue: DueQueue[str] = DueQueue(clock)
    waiting = asyncio.create_task(queue.wait(60_000))
    await asyncio.sleep(0)
    queue.put("a", 1_000)

    await asyncio.wait_for(waiting, 5)
    assert list(queue.pop_due()) == ["a"]
