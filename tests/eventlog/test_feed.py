"""The in-process log: one window of recent events, the store behind it."""

import asyncio
from collections.abc import Sequence

import pytest

from baton.domain.run.messages import RunStarted
from baton.eventlog.errors import Unreadable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.feed import Feed


def events(first: int, last: int) -> list[Recorded]:
    """Return events at every second position."""
    return [Recorded(2 * n, "acme/run/r", n, RunStarted(at=n)) for n in range(first, last + 1)]


class Shelf:
    """A store that counts how often it is read."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []
        self.reads = 0

    async def read(self, after: int, limit: int) -> Sequence[Recorded]:
        self.reads += 1
        await asyncio.sleep(0)
        return [one for one in self.events if one.position > after][:limit]


def published(feed: Feed, shelf: Shelf, first: int, last: int) -> None:
    shelf.events += events(first, last)
    feed.publish(events(first, last))


async def test_a_follower_that_keeps_up_never_reads_the_store() -> None:
    shelf = Shelf()
    feed = Feed(shelf.read, head=0, recent=4)
    follower = await feed.subscribe("a", after=0)
    for number in range(1, 30):
        published(feed, shelf, number, number)
        assert await follower.next() == events(number, number)

    assert shelf.reads == 0


async def test_a_follower_behind_the_window_reads_the_store_until_it_has_caught_up() -> None:
    shelf = Shelf()
    feed = Feed(shelf.read, head=0, recent=4)
    follower = await feed.subscribe("slow", after=0)
    for number in range(1, 30):
        published(feed, shelf, number, number)
    seen: list[Recorded] = []
    while len(seen) < 29:
        seen += await follower.next()

    assert seen == events(1, 29)
    assert shelf.reads >= 1


async def test_the_window_is_bounded() -> None:
    shelf = Shelf()
    feed = Feed(shelf.read, head=0, recent=100)
    for number in range(1, 5_000):
        feed.publish(events(number, number))

    assert len(feed._recent) <= 200


async def test_the_window_is_bounded_in_bytes_too() -> None:
    shelf = Shelf()
    feed = Feed(shelf.read, head=0)
    follower = await feed.subscribe("slow", after=0)
    for number in range(1, 500):
        shelf.events += events(number, number)
        feed.publish(events(number, number), size=1024 * 1024)
        assert len(feed._recent) <= 64
    seen: list[Recorded] = []
    while len(seen) < 499:
        seen += await follower.next()

    assert seen == events(1, 499)


async def test_a_follower_from_before_the_start_reads_the_store_first() -> None:
    shelf = Shelf()
    shelf.events = events(1, 3)
    feed = Feed(shelf.read, head=6)
    follower = await feed.subscribe("a", after=2)
    published(feed, shelf, 4, 5)
    seen: list[Recorded] = []
    while len(seen) < 4:
        seen += await follower.next()

    assert seen == events(2, 5)


async def test_events_published_while_the_store_is_read_come_once() -> None:
    shelf = Shelf()
    shelf.events = events(1, 3)
    feed = Feed(shelf.read, head=6)
    follower = await feed.subscribe("a", after=0)
    reading = asyncio.create_task(follower.next())
    await asyncio.sleep(0)
    published(feed, shelf, 4, 4)
    seen = list(await reading)
    while len(seen) < 4:
        seen += await follower.next()

    assert seen == events(1, 4)


async def test_a_follower_ahead_of_the_log_is_told() -> None:
    feed = Feed(Shelf().read, head=6)

    with pytest.raises(Unreadable, match="projector stands at position 7"):
        await feed.subscribe("projector", after=7)
