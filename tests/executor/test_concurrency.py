"""The FIFO semaphore: acquired in the order of waiting, never lost with a cancelled waiter."""

import asyncio

import pytest

from baton.executor.functions.concurrency import FifoSemaphore


async def test_a_place_goes_to_whoever_asked_first() -> None:
    semaphore = FifoSemaphore(1)
    assert semaphore.try_acquire()
    assert not semaphore.try_acquire()
    first, second = _asking(semaphore), _asking(semaphore)
    await asyncio.sleep(0)

    semaphore.release()
    await first
    assert not second.done()
    assert not semaphore.try_acquire()

    semaphore.release()
    await second


async def test_who_gives_up_waiting_takes_no_place() -> None:
    semaphore = FifoSemaphore(1)
    assert semaphore.try_acquire()
    waiting = _asking(semaphore)
    await asyncio.sleep(0)

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    semaphore.release()

    assert semaphore.try_acquire()


async def test_a_place_handed_to_one_who_is_being_cancelled_goes_on_to_the_next() -> None:
    semaphore = FifoSemaphore(1)
    assert semaphore.try_acquire()
    first, second = _asking(semaphore), _asking(semaphore)
    await asyncio.sleep(0)

    semaphore.release()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first

    await second


def _asking(semaphore: FifoSemaphore) -> asyncio.Task[None]:
    return asyncio.create_task(semaphore.wait())
