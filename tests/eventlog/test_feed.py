"""The in-process log: a window of recent events, with the store behind it."""

import asyncio
from collections.abc import Sequence

import pytest

from baton.domain.run.messages.run_events import RunStarted
from baton.eventlog.errors import Unavailable, Unreadable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.feed import Feed
from tests.kit.eventually import eventually


def events(first: int, last: int) -> list[Recorded]:
    """Return events at even positions, so that positions have gaps."""
    return [Recorded(2 * n, "acme/run/r", n, RunStarted(at=n)) for n in range(first, last + 1)]


class CountingStore:
    """A store that counts how often it is read."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []
        self.reads = 0
        self.classes: frozenset[type] | None = None

    async def read(
        self, after: int, limit: int, classes: frozenset[type] | None
    ) -> Sequence[Recorded]:
        self.reads += 1
        self.classes = classes
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

    with pytest.raises(Unreadable, match="projector is at position 7"):
        await feed.subscribe("projector", after=7)


async def test_a_waiting_follower_looks_for_events_of_other_processes() -> None:
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            publish(feed, store, 1, 1)

    store = CountingStore()
    feed = Feed(store.read, head=0, look=look)
    followers = [await feed.subscribe(name, after=0) for name in "abc"]
    waiting = [follower.next() for follower in followers]

    assert await asyncio.wait_for(asyncio.gather(*waiting), 10) == [events(1, 1)] * 3
    assert looks == 2


async def test_an_error_of_a_look_reaches_a_follower_and_the_look_is_repeated() -> None:
    failures = [Unavailable("the disk is away")]

    def look() -> None:
        if failures:
            raise failures.pop()
        publish(feed, store, 1, 1)

    store = CountingStore()
    feed = Feed(store.read, head=0, look=look)
    follower = await feed.subscribe("a", after=0)

    with pytest.raises(Unavailable):
        await asyncio.wait_for(follower.next(), 10)
    assert await asyncio.wait_for(follower.next(), 10) == events(1, 1)


async def test_a_feed_without_a_waiting_follower_has_no_timer() -> None:
    feed = Feed(CountingStore().read, head=0, look=lambda: None)
    follower = await feed.subscribe("a", after=0)
    waiting = asyncio.create_task(follower.next())
    await asyncio.sleep(0)
    assert feed._look_timer is not None
    waiting.cancel()

    assert await eventually(lambda: feed._look_timer is None)


async def test_followers_read_skipped_events_from_the_store() -> None:
    store = CountingStore()
    feed = Feed(store.read, head=0)
    behind, waiting = [await feed.subscribe(name, after=0) for name in "ab"]
    publish(feed, store, 1, 2)
    assert await waiting.next() == events(1, 2)
    next_of_waiting = asyncio.create_task(waiting.next())
    await asyncio.sleep(0)
    store.events += events(3, 5)
    feed.skip_to(10)

    assert await behind.next() == events(1, 5)
    assert await asyncio.wait_for(next_of_waiting, 10) == events(3, 5)
    publish(feed, store, 6, 6)
    assert await behind.next() == events(6, 6)


async def test_only_the_wanted_classes_are_read_from_the_store() -> None:
    store = CountingStore()
    store.events = events(1, 3)
    feed = Feed(store.read, head=6)
    follower = await feed.subscribe("a", after=0, classes=frozenset((RunStarted,)))
    await follower.next()

    assert store.classes == frozenset((RunStarted,))
