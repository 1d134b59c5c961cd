"""The FIFO semaphore: acquired in the order of waiting, never lost with a cancelled waiter."""

import asyncio

import pytest

from baton.executor.functions.concurrency import FifoSemaphore


async def test_the_first_waiter_acquires_first() -> None:
    semaphore = FifoSemaphore(1)
    assert semaphore.try_acquire()
    assert not semaphore.try_acquire()
    first, second = _acquiring(semaphore), _acquiring(semaphore)
    await asyncio.sleep(0)

    semaphore.release()
    await first
    assert not second.done()
    assert not semaphore.try_acquire()

    semaphore.release()
    await second


async def test_a_cancelled_waiter_acquires_nothing() -> None:
    semaphore = FifoSemaphore(1)
    assert semaphore.try_acquire()
    waiting = _acquiring(semaphore)
    await asyncio.sleep(0)

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    semaphore.release()

    assert semaphore.try_acquire()


async def test_a_place_granted_to_a_waiter_that_is_being_cancelled_goes_to_the_next() -> None:
    semaphore = FifoSemaphore(1)
    assert semaphore.try_acquire()
    first, second = _acquiring(semaphore), _acquiring(semaphore)
    await asyncio.sleep(0)

    semaphore.release()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first

    await second


def _acquiring(semaphore: FifoSemaphore) -> asyncio.Task[None]:
    return asyncio.create_task(semaphore.acquire())
