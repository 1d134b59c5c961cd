"""The in-process log: a window of recent events, with the store behind it."""

import asyncio
from collections.abc import Sequence

import pytest

from baton.domain.run.messages import RunStarted
from baton.eventlog.errors import Unreadable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.feed import Feed


def events(first: int, last: int) -> list[Recorded]:
    """Return events at even positions, so that positions have gaps."""
    return [Recorded(2 * n, "acme/run/r", n, RunStarted(at=n)) for n in range(first, last + 1)]


class CountingStore:
    """A store that counts how often it is read."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []
        self.reads = 0

    async def read(self, after: int, limit: int) -> Sequence[Recorded]:
        self.reads += 1
        await asyncio.sleep(0)
        return [one for one in self.events if one.position > after][:limit]


def publish(feed: Feed, store: CountingStore, first: int, last: int) -> None:
    store.events += events(first, last)
    feed.publish(events(first, last))


async def test_a_follower_that_keeps_up_never_reads_the_store() -> None:
    store = CountingStore()
    feed = Feed(store.read, head=0, recent=4)
    follower = await feed.subscribe("a", after=0)
    for number in range(1, 30):
        publish(feed, store, number, number)
        assert await follower.next() == events(number, number)

    assert store.reads == 0


async def test_a_follower_behind_the_window_reads_the_store_until_it_has_caught_up() -> None:
    store = CountingStore()
    feed = Feed(store.read, head=0, recent=4)
    follower = await feed.subscribe("slow", after=0)
    for number in range(1, 30):
        publish(feed, store, number, number)
    seen: list[Recorded] = []
    while len(seen) < 29:
        seen += await follower.next()

    assert seen == events(1, 29)
    assert store.reads >= 1


async def test_the_window_is_bounded() -> None:
    store = CountingStore()
    feed = Feed(store.read, head=0, recent=100)
    for number in range(1, 5_000):
        feed.publish(events(number, number))

    assert len(feed._recent) <= 200


async def test_the_window_is_bounded_in_bytes_too() -> None:
    store = CountingStore()
    feed = Feed(store.read, head=0)
    follower = await feed.subscribe("slow", after=0)
    for number in range(1, 500):
        store.events += events(number, number)
        feed.publish(events(number, number), size=1024 * 1024)
        assert len(feed._recent) <= 64
    seen: list[Recorded] = []
    while len(seen) < 499:
        seen += await follower.next()

    assert seen == events(1, 499)


async def test_a_follower_that_begins_before_the_window_reads_the_store_first() -> None:
    store = CountingStore()
    store.events = events(1, 3)
    feed = Feed(store.read, head=6)
    follower = await feed.subscribe("a", after=2)
    publish(feed, store, 4, 5)
    seen: list[Recorded] = []
    while len(seen) < 4:
        seen += await follower.next()

    assert seen == events(2, 5)


async def test_events_published_during_a_read_of_the_store_are_delivered_once() -> None:
    store = CountingStore()
    store.events = events(1, 3)
    feed = Feed(store.read, head=6)
    follower = await feed.subscribe("a", after=0)
    reading = asyncio.create_task(follower.next())
    await asyncio.sleep(0)
    publish(feed, store, 4, 4)
    seen = list(await reading)
    while len(seen) < 4:
        seen += await follower.next()

    assert seen == events(1, 4)


async def test_a_follower_ahead_of_the_log_is_refused() -> None:
    feed = Feed(CountingStore().read, head=6)

    with pytest.raises(Unreadable, match="projector stands at position 7"):
        await feed.subscribe("projector", after=7)
