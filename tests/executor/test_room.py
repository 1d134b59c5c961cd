"""Places: given away in the order of asking, and never lost with those who leave the queue."""

import asyncio

import pytest

from baton.executor.functions.concurrency import Places


async def test_a_place_goes_to_whoever_asked_first() -> None:
    places = Places(1)
    assert places.take()
    assert not places.take()
    first, second = _asking(places), _asking(places)
    await asyncio.sleep(0)

    places.leave()
    await first
    assert not second.done()
    assert not places.take()

    places.leave()
    await second


async def test_who_gives_up_waiting_takes_no_place() -> None:
    places = Places(1)
    assert places.take()
    waiting = _asking(places)
    await asyncio.sleep(0)

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    places.leave()

    assert places.take()


async def test_a_place_handed_to_one_who_is_being_cancelled_goes_on_to_the_next() -> None:
    places = Places(1)
    assert places.take()
    first, second = _asking(places), _asking(places)
    await asyncio.sleep(0)

    places.leave()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first

    await second


def _asking(places: Places) -> asyncio.Task[None]:
    return asyncio.create_task(places.wait())
