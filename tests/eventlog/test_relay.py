"""The relay between fakes of its two ends: what is published, by whom, and what is saved."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unavailable, Unreadable
from baton.eventlog.events.envelope import Stored
from baton.eventlog.loops import relay as relaying
from baton.eventlog.loops.relay import BATCH, NAME, Relay, republish
from baton.eventlog.loops.retry import RetryPolicy
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.stores import Checkpoints
from tests.backends.memory import open_stores

ENDS_S = 10


def stored(*positions: int, kind: str = "run") -> list[Stored]:
    return [Stored(one, f"acme/{kind}/r", one, "run.RunStarted", b'{"at":1}') for one in positions]


class ListOutbox:
    """Events in a list; the next `refuses` calls fail."""

    def __init__(self) -> None:
        self.refuses = 0
        self.error: Exception = Unavailable("the store is away")
        self.reads: list[int] = []
        self._events: list[Stored] = []
        self._more = asyncio.Event()

    def append(self, events: Sequence[Stored]) -> None:
        self._events += events
        self._more.set()

    async def after(self, position: int, *, limit: int) -> Sequence[Stored]:
        self.reads.append(position)
        if self.refuses:
            self.refuses -= 1
            raise self.error
        while True:
            self._more.clear()
            if found := [one for one in self._events if one.position > position][:limit]:
                return found
            await self._more.wait()


class ListPublisher:
    """Keeps the positions; the next `refuses` calls fail half-way; it holds up while `held`."""

    def __init__(self) -> None:
        self.refuses = 0
        self.positions: list[int] = []
        self.calls = 0
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def publish(self, events: Sequence[Stored]) -> None:
        assert events
        self.calls += 1
        await self.goes_on.wait()
        positions = [one.position for one in events]
        if self.refuses:
            self.refuses -= 1
            self.positions += positions[: len(positions) // 2]
            raise Unavailable("the log is away")
        self.positions += positions


class LostCheckpoints:
    """Saves nothing, as if the process ended each time before it was saved."""

    def __init__(self, inner: Checkpoints) -> None:
        self._inner = inner

    async def load(self, name: str) -> int:
        return await self._inner.load(name)

    async def save(self, name: str, position: int) -> None:
        raise Unavailable(f"{name} stays below {position}")


class World:
    """Two ends, and the relays between them, each in a process of its own as it were."""

    def __init__(self, stores: Stores) -> None:
        self.outbox = ListOutbox()
        self.publisher = ListPublisher()
        self.stores = replace(stores, outbox=self.outbox, publisher=self.publisher)
        self.running: dict[Relay, asyncio.Task[None]] = {}

    def start(self, *, saves: bool = True) -> Relay:
        checkpoints = self.stores.checkpoints
        stores = (
            self.stores if saves else replace(self.stores, checkpoints=LostCheckpoints(checkpoints))
        )
        relay = Relay(stores, clock=SystemClock(), holder=f"relay-{len(self.running)}")
        self.running[relay] = asyncio.create_task(relay.run())
        return relay

    async def saved(self) -> int:
        return await self.stores.checkpoints.load(NAME)

    async def published(self, *positions: int) -> None:
        await until(lambda: self.publisher.positions == list(positions))

    async def stop(self) -> None:
        for relay, task in self.running.items():
            await relay.stop()
            await task


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(ENDS_S):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.002)


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(relaying, "RETRY", RetryPolicy(first_ms=1))
    monkeypatch.setattr("baton.eventlog.loops.leader_election.CANDIDATE_MS", 5)
    stores = await open_stores(tmp_path)
    world = World(stores)
    yield world
    await world.stop()
    await stores.close()


async def test_what_is_stored_is_published_in_order_and_goes_on(world: World) -> None:
    world.outbox.append(stored(1, 2, 3))
    relay = world.start()
    await world.published(1, 2, 3)
    world.outbox.append(stored(5, 8))
    await world.published(1, 2, 3, 5, 8)

    await until(lambda: relay.position == 8)
    assert relay.published == 5
    assert relay.leading


async def test_only_events_of_runs_are_published_and_the_checkpoint_passes_the_others(
    world: World,
) -> None:
    world.outbox.append(stored(1) + stored(2, kind="definition") + stored(3) + stored(4, kind="x"))
    relay = world.start()
    await until(lambda: relay.position == 4)
    await relay.stop()

    assert world.publisher.positions == [1, 3]
    assert await world.saved() == 4


async def test_the_checkpoint_is_saved_in_a_pause(world: World) -> None:
    world.start()
    for position in (1, 2, 3):
        world.outbox.append(stored(position))
    async with asyncio.timeout(ENDS_S):
        while await world.saved() < 3:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)


async def test_the_next_relay_begins_where_the_last_one_stopped(world: World) -> None:
    world.outbox.append(stored(1, 2))
    first = world.start()
    await world.published(1, 2)
    await first.stop()
    world.outbox.append(stored(3))
    world.start()

    await world.published(1, 2, 3)


async def test_what_was_published_but_not_saved_before_a_crash_is_published_again(
    world: World,
) -> None:
    world.outbox.append(stored(1, 2))
    crashing = world.start(saves=False)
    await world.published(1, 2)
    await crashing.stop()
    world.outbox.append(stored(3))
    world.start()

    await world.published(1, 2, 1, 2, 3)


async def test_of_two_relays_one_publishes_and_the_other_takes_over(world: World) -> None:
    first, second = world.start(), world.start()
    world.outbox.append(stored(1, 2))
    await world.published(1, 2)
    await until(lambda: first.position + second.position == 2)
    leader, candidate = (first, second) if first.leading else (second, first)

    assert not candidate.leading
    await leader.stop()
    world.outbox.append(stored(3))
    await world.published(1, 2, 3)
    assert candidate.leading


async def test_a_log_that_is_away_is_tried_again_with_all_of_the_batch(world: World) -> None:
    world.publisher.refuses = 3
    world.outbox.append(stored(1, 2))
    relay = world.start()
    await world.published(1, 1, 1, 1, 2)
    world.outbox.append(stored(3))
    await world.published(1, 1, 1, 1, 2, 3)

    await until(lambda: relay.published == 3)
    assert world.publisher.calls == 5


async def test_nothing_counts_as_published_while_the_log_is_away(world: World) -> None:
    world.publisher.refuses = 1_000_000
    world.outbox.append(stored(1, 2))
    relay = world.start()
    await until(lambda: world.publisher.calls > 3)
    await relay.stop()

    assert (relay.published, relay.position, await world.saved()) == (0, 0, 0)


async def test_a_store_that_is_away_is_read_again(world: World) -> None:
    world.outbox.refuses = 3
    world.outbox.append(stored(1))
    world.start()

    await world.published(1)
    assert world.outbox.reads[:4] == [0, 0, 0, 0]


async def test_the_next_batch_is_read_while_one_is_published(world: World) -> None:
    world.publisher.goes_on.clear()
    world.outbox.append(stored(*range(1, BATCH + 11)))
    world.start()
    await until(lambda: world.outbox.reads == [0, BATCH])

    assert world.publisher.positions == []
    world.publisher.goes_on.set()
    await world.published(*range(1, BATCH + 11))


async def test_what_a_relay_cannot_go_on_from_ends_it(world: World) -> None:
    world.outbox.refuses = 1
    world.outbox.error = Unreadable("damaged")
    relay = world.start()
    task = world.running.pop(relay)

    with pytest.raises(Unreadable):
        await asyncio.wait_for(task, ENDS_S)


async def test_a_relay_that_is_cancelled_leaves_its_place_and_its_lease(world: World) -> None:
    world.outbox.append(stored(1))
    relay = world.start()
    await until(lambda: relay.position == 1)
    task = world.running.pop(relay)
    task.cancel()
    await asyncio.wait((task,), timeout=ENDS_S)

    assert task.cancelled()
    assert await world.saved() == 1
    world.start()
    world.outbox.append(stored(2))
    await world.published(1, 2)


async def test_a_range_is_published_again(world: World) -> None:
    world.outbox.append(stored(1, 2, 3) + stored(4, kind="record") + stored(5, 6))
    seen: list[tuple[int, int]] = []

    def progress(published: int, position: int) -> None:
        seen.append((published, position))

    count = await republish(world.outbox, world.publisher, after=1, to=5, progress=progress)

    assert count == 3
    assert world.publisher.positions == [2, 3, 5]
    assert seen == [(3, 5)]


async def test_publishing_again_says_how_far_it_came(world: World) -> None:
    world.outbox.append(stored(*range(1, BATCH + 11)))
    seen: list[tuple[int, int]] = []

    def progress(published: int, position: int) -> None:
        seen.append((published, position))
        world.publisher.refuses = 1

    with pytest.raises(Unavailable):
        await republish(world.outbox, world.publisher, after=0, to=BATCH + 10, progress=progress)
    assert seen == [(BATCH, BATCH)]
