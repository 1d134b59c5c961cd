"""The semaphore of tenants: acquired in turns, never lost with a cancelled waiter."""

import asyncio

import pytest

from baton.executor.functions.concurrency import FairSemaphore


async def test_the_first_waiter_acquires_first() -> None:
    semaphore = FairSemaphore(1)
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
    semaphore = FairSemaphore(1)
    assert semaphore.try_acquire()
    waiting = _acquiring(semaphore)
    await asyncio.sleep(0)

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    semaphore.release()

    assert semaphore.try_acquire()


async def test_a_place_granted_to_a_waiter_that_is_being_cancelled_goes_to_the_next() -> None:
    semaphore = FairSemaphore(1)
    assert semaphore.try_acquire()
    first, second = _acquiring(semaphore), _acquiring(semaphore)
    await asyncio.sleep(0)

    semaphore.release()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first

    await second


async def test_tenants_that_wait_acquire_in_turns() -> None:
    semaphore, order = FairSemaphore(2, weights={"heavy": 2}), list[str]()

    async def call(tenant: str) -> None:
        await semaphore.acquire(tenant)
        order.append(tenant)
        await asyncio.sleep(0)
        semaphore.release()

    tenants = [*["busy"] * 6, *["heavy"] * 4, "calm"]
    await asyncio.gather(*(call(tenant) for tenant in tenants))

    assert order[:2] == ["busy", "busy"]  # no other tenant was waiting yet
    assert order[2:8] == ["busy", "heavy", "heavy", "calm", "busy", "heavy"]


async def test_a_tenant_whose_calls_hold_every_place_leaves_the_others_some() -> None:
    semaphore = FairSemaphore(8, extra=4)
    busy = [_acquiring(semaphore, "busy") for _ in range(100)]
    await asyncio.sleep(0)
    assert sum(one.done() for one in busy) == 9  # and one extra place

    calm = [_acquiring(semaphore, "calm") for _ in range(3)]
    await asyncio.sleep(0)

    assert [one.done() for one in calm] == [True, False, False]
    semaphore.release("calm")
    await calm[1]
    for one in (*busy, *calm):
        one.cancel()
    await asyncio.gather(*busy, *calm, return_exceptions=True)


async def test_extra_places_go_round_when_none_is_left() -> None:
    semaphore = FairSemaphore(1, extra=1)
    assert semaphore.try_acquire()
    first = _acquiring(semaphore, "a")
    second, third = _acquiring(semaphore, "a"), _acquiring(semaphore, "b")
    await asyncio.sleep(0)
    assert (first.done(), second.done(), third.done()) == (True, False, False)

    semaphore.release("a")
    await second
    semaphore.release("a")
    await third
    semaphore.release("b")
    semaphore.release()
    assert semaphore.try_acquire()


def _acquiring(semaphore: FairSemaphore, tenant: str = "acme") -> asyncio.Task[bool]:
    return asyncio.create_task(semaphore.acquire(tenant))
