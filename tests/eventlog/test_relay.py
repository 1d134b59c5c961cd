"""The relay, between a fake outbox and a fake publisher: events, leadership, checkpoint."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from baton.domain.run.messages.run_events import RunStarted
from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unavailable, Unreadable
from baton.eventlog.events.envelope import Stored, Write
from baton.eventlog.loops import relay as relaying
from baton.eventlog.loops.relay import BATCH, NAME, Relay, republish
from baton.eventlog.loops.retry import RetryPolicy
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.stores import Checkpoints
from tests.backends.memory import open_stores
from tests.kit.eventually import eventually

ENDS_S = 10


def stored(*positions: int, kind: str = "run") -> list[Stored]:
    return [Stored(one, f"acme/{kind}/r", one, "run.RunStarted", b'{"at":1}') for one in positions]


class ListOutbox:
    """An outbox over a list. Its next `failures` calls raise `error`."""

    def __init__(self) -> None:
        self.failures = 0
        self.error: Exception = Unavailable("no connection")
        self.reads: list[int] = []
        self._events: list[Stored] = []
        self._more = asyncio.Event()

    def append(self, events: Sequence[Stored]) -> None:
        self._events += events
        self._more.set()

    async def after(self, position: int, *, limit: int) -> Sequence[Stored]:
        self.reads.append(position)
        if self.failures:
            self.failures -= 1
            raise self.error
        while True:
            self._more.clear()
            if found := [one for one in self._events if one.position > position][:limit]:
                return found
            await self._more.wait()


class ListPublisher:
    """Collects positions. Its next `failures` calls fail half-way; without `may_go` all wait."""

    def __init__(self) -> None:
        self.failures = 0
        self.positions: list[int] = []
        self.calls = 0
        self.may_go = asyncio.Event()
        self.may_go.set()

    async def publish(self, events: Sequence[Stored]) -> None:
        assert events
        self.calls += 1
        await self.may_go.wait()
        positions = [one.position for one in events]
        if self.failures:
            self.failures -= 1
            self.positions += positions[: len(positions) // 2]
            raise Unavailable("no connection")
        self.positions += positions


class LostCheckpoints:
    """Checkpoints that are never saved, as if the process crashed before."""

    def __init__(self, inner: Checkpoints) -> None:
        self._inner = inner

    async def load(self, name: str) -> int:
        return await self._inner.load(name)

    async def save(self, name: str, position: int) -> None:
        raise Unavailable(f"{name} is not saved at {position}")


class World:
    """An outbox and a publisher, and relays between them, each as if in its own process."""

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
        await eventually(lambda: self.publisher.positions == list(positions))

    async def stop(self) -> None:
        for relay, task in self.running.items():
            await relay.stop()
            await task


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(relaying, "RETRY", RetryPolicy(first_ms=1))
    monkeypatch.setattr("baton.eventlog.loops.leader_election.CANDIDATE_MS", 5)
    stores = await open_stores(tmp_path)
    world = World(stores)
    yield world
    await world.stop()
    await stores.close()


async def test_stored_events_are_published_in_order_as_they_come(world: World) -> None:
    world.outbox.append(stored(1, 2, 3))
    relay = world.start()
    await world.published(1, 2, 3)
    world.outbox.append(stored(5, 8))
    await world.published(1, 2, 3, 5, 8)

    await eventually(lambda: relay.position == 8)
    assert relay.published == 5
    assert relay.leading


async def test_the_lag_counts_stored_and_unpublished_events(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "LAG_MS", 5)
    events = [RunStarted(at=number) for number in range(3)]
    await world.stores.events.append([Write(stream="acme/run/r", expected=0, events=events)])
    world.publisher.may_go.clear()
    world.outbox.append(stored(1, 2, 3))
    relay = world.start()
    await eventually(lambda: relay.lag == 3)

    world.publisher.may_go.set()
    await eventually(lambda: relay.position == 3)
    assert relay.lag == 0


async def test_only_events_of_runs_are_published_while_the_checkpoint_passes_all(
    world: World,
) -> None:
    world.outbox.append(stored(1) + stored(2, kind="definition") + stored(3) + stored(4, kind="x"))
    relay = world.start()
    await eventually(lambda: relay.position == 4)
    await relay.stop()

    assert world.publisher.positions == [1, 3]
    assert await world.saved() == 4


async def test_the_checkpoint_is_saved_in_a_pause(world: World) -> None:
    world.start()
    for position in (1, 2, 3):
        world.outbox.append(stored(position))

    async def is_saved() -> bool:
        return await world.saved() == 3

    await eventually(is_saved)


async def test_the_next_relay_begins_at_the_checkpoint_of_the_previous_one(world: World) -> None:
    world.outbox.append(stored(1, 2))
    first = world.start()
    await world.published(1, 2)
    await first.stop()
    world.outbox.append(stored(3))
    world.start()

    await world.published(1, 2, 3)


async def test_events_behind_the_checkpoint_are_published_again_after_a_crash(
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
    await eventually(lambda: first.position + second.position == 2)
    leader, candidate = (first, second) if first.leading else (second, first)

    assert not candidate.leading
    await leader.stop()
    world.outbox.append(stored(3))
    await world.published(1, 2, 3)
    assert candidate.leading


async def test_a_batch_that_failed_is_published_again_as_a_whole(world: World) -> None:
    world.publisher.failures = 3
    world.outbox.append(stored(1, 2))
    relay = world.start()
    await world.published(1, 1, 1, 1, 2)
    world.outbox.append(stored(3))
    await world.published(1, 1, 1, 1, 2, 3)

    await eventually(lambda: relay.published == 3)
    assert world.publisher.calls == 5


async def test_nothing_counts_as_published_while_the_log_is_unavailable(world: World) -> None:
    world.publisher.failures = 1_000_000
    world.outbox.append(stored(1, 2))
    relay = world.start()
    await eventually(lambda: world.publisher.calls > 3)
    await relay.stop()

    assert (relay.published, relay.position, await world.saved()) == (0, 0, 0)


async def test_an_unavailable_store_is_read_again(world: World) -> None:
    world.outbox.failures = 3
    world.outbox.append(stored(1))
    world.start()

    await world.published(1)
    assert world.outbox.reads[:4] == [0, 0, 0, 0]


async def test_the_next_batch_is_read_during_the_publishing_of_one(world: World) -> None:
    world.publisher.may_go.clear()
    world.outbox.append(stored(*range(1, BATCH + 11)))
    world.start()
    await eventually(lambda: world.outbox.reads == [0, BATCH])

    assert world.publisher.positions == []
    world.publisher.may_go.set()
    await world.published(*range(1, BATCH + 11))


async def test_a_damaged_event_ends_the_relay(world: World) -> None:
    world.outbox.failures = 1
    world.outbox.error = Unreadable("damaged")
    relay = world.start()
    task = world.running.pop(relay)

    with pytest.raises(Unreadable):
        await asyncio.wait_for(task, ENDS_S)


async def test_a_cancelled_relay_saves_its_checkpoint_and_releases_its_lease(world: World) -> None:
    world.outbox.append(stored(1))
    relay = world.start()
    await eventually(lambda: relay.position == 1)
    task = world.running.pop(relay)
    task.cancel()
    await asyncio.wait((task,), timeout=ENDS_S)

    assert task.cancelled()
    assert await world.saved() == 1
    world.start()
    world.outbox.append(stored(2))
    await world.published(1, 2)


async def test_a_range_of_events_is_published_again(world: World) -> None:
    world.outbox.append(stored(1, 2, 3) + stored(4, kind="record") + stored(5, 6))
    seen: list[tuple[int, int]] = []

    def progress(published: int, position: int) -> None:
        seen.append((published, position))

    count = await republish(world.outbox, world.publisher, after=1, to=5, progress=progress)

    assert count == 3
    assert world.publisher.positions == [2, 3, 5]
    assert seen == [(3, 5)]


async def test_publishing_again_shows_its_progress_up_to_a_failure(world: World) -> None:
    world.outbox.append(stored(*range(1, BATCH + 11)))
    seen: list[tuple[int, int]] = []

    def progress(published: int, position: int) -> None:
        seen.append((published, position))
        world.publisher.failures = 1

    with pytest.raises(Unavailable):
        await republish(world.outbox, world.publisher, after=0, to=BATCH + 10, progress=progress)
    assert seen == [(BATCH, BATCH)]
