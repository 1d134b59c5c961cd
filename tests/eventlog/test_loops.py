"""Deciding and appending, and following the log, on the memory backend; clocks and ids."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from baton.domain.decider import Decider
from baton.domain.errors import InConflict, Rejected
from baton.domain.run.messages.run_events import RunStarted
from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Appended, Conflict, Recorded, Selection, Write
from baton.eventlog.ids import new_id
from baton.eventlog.loops.follow import RETRY, follow
from baton.eventlog.loops.transact import StreamCommand, transact, transact_all
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.stores import EventStore
from tests.backends.memory import open_stores
from tests.kit.clock import ManualClock


@dataclass(frozen=True, slots=True)
class Take:
    """Take a number of seats, of which there are ten."""

    seats: int


def decide(command: Take, taken: int) -> list[RunStarted]:
    if taken + command.seats > 10:
        raise Rejected("There are ten seats")
    return [RunStarted(at=1) for _ in range(command.seats)]


SEATS: Decider[Take, int, RunStarted] = Decider(
    name="run", initial=0, decide=decide, evolve=lambda taken, event: taken + event.at
)


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    stores = await open_stores(tmp_path)
    yield stores
    await stores.close()


async def test_a_command_is_decided_on_the_stream_and_its_events_appended(stores: Stores) -> None:
    first = await transact(stores.events, SEATS, "acme/run/a", Take(2))
    second = await transact(stores.events, SEATS, "acme/run/a", Take(3))

    assert (first.state, second.state) == (2, 5)
    assert [one.version for one in second.recorded] == [3, 4, 5]
    assert second.position == await stores.events.head()
    assert second.changed


async def test_a_command_without_events_results_in_the_position_of_the_stream(
    stores: Stores,
) -> None:
    before = await transact(stores.events, SEATS, "acme/run/a", Take(2))
    await transact(stores.events, SEATS, "acme/run/b", Take(2))
    again = await transact(stores.events, SEATS, "acme/run/a", Take(0))
    nothing = await transact(stores.events, SEATS, "acme/run/c", Take(0))

    assert (again.changed, again.state, again.position) == (False, 2, before.position)
    assert (nothing.changed, nothing.position) == (False, 0)


async def test_a_refused_command_appends_nothing(stores: Stores) -> None:
    with pytest.raises(Rejected, match="ten seats"):
        await transact(stores.events, SEATS, "acme/run/a", Take(11))

    assert await stores.events.head() == 0


async def test_concurrent_commands_are_decided_one_after_the_other(stores: Stores) -> None:
    results = await asyncio.gather(
        *(transact(stores.events, SEATS, "acme/run/a", Take(1)) for _ in range(64)),
        return_exceptions=True,
    )

    assert sum(isinstance(result, Rejected) for result in results) == 54
    assert len(await stores.events.read("acme/run/a")) == 10


async def test_commands_of_several_streams_are_appended_together(stores: Stores) -> None:
    await transact(stores.events, SEATS, "acme/run/b", Take(8))
    with pytest.raises(Rejected):
        await transact_all(
            stores.events,
            [
                StreamCommand(SEATS, "acme/run/a", Take(3)),
                StreamCommand(SEATS, "acme/run/b", Take(3)),
            ],
        )
    assert list(await stores.events.read("acme/run/a")) == []
    first, none, last = await transact_all(
        stores.events,
        [
            StreamCommand(SEATS, "acme/run/a", Take(3)),
            StreamCommand(SEATS, "acme/run/c", Take(0)),
            StreamCommand(SEATS, "acme/run/b", Take(2)),
        ],
    )

    assert [outcome.state for outcome in (first, none, last)] == [3, 0, 10]
    assert [one.stream for one in first.recorded] == ["acme/run/a"] * 3
    assert [one.version for one in last.recorded] == [9, 10]
    assert not none.changed
    assert last.position == await stores.events.head()


class AlwaysConflicting:
    """A store in which another writer wins each append."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.appends = 0

    async def append(self, writes: Sequence[Write]) -> Appended | Conflict:
        self.appends += 1
        return Conflict(writes[0].stream)

    async def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        return await self.store.read(stream, after=after)

    async def read_all(self, *, after: int, limit: int) -> Sequence[Recorded]:
        return await self.store.read_all(after=after, limit=limit)

    async def select(self, wanted: Selection) -> Sequence[Recorded]:
        return await self.store.select(wanted)

    async def head(self) -> int:
        return await self.store.head()

    async def close(self) -> None:
        await self.store.close()


async def test_a_command_is_given_up_after_many_conflicts(stores: Stores) -> None:
    conflicting = AlwaysConflicting(stores.events)
    with pytest.raises(InConflict):
        await transact(conflicting, SEATS, "acme/run/a", Take(1))

    assert 1 < conflicting.appends <= 1_000


async def test_a_failed_handler_gets_the_same_events_again(stores: Stores) -> None:
    clock = ManualClock()
    handled: list[list[int]] = []
    done = asyncio.Event()

    async def handle(events: Sequence[Recorded]) -> None:
        handled.append([one.position for one in events])
        if len(handled) < 3:
            raise ConnectionError
        done.set()

    await transact(stores.events, SEATS, "acme/run/a", Take(2))
    subscription = await stores.log.subscribe("test", after=0)
    task = asyncio.create_task(follow(subscription, handle, clock=clock))
    await clock.advance_until(done.is_set, step_ms=RETRY.max_ms)
    await transact(stores.events, SEATS, "acme/run/a", Take(1))
    await clock.advance(0)
    task.cancel()
    await asyncio.wait([task])

    assert handled == [[1, 2], [1, 2], [1, 2], [3]]
    assert task.cancelled()


async def test_a_handler_that_keeps_failing_ends_the_follower(stores: Stores) -> None:
    clock = ManualClock()
    calls = 0

    async def handle(events: Sequence[Recorded]) -> None:
        nonlocal calls
        calls += 1
        raise ConnectionError("broken")

    await transact(stores.events, SEATS, "acme/run/a", Take(2))
    subscription = await stores.log.subscribe("test", after=0)
    task = asyncio.create_task(follow(subscription, handle, clock=clock))
    await clock.advance_until(task.done, step_ms=RETRY.max_ms)

    with pytest.raises(ConnectionError, match="broken"):
        await task
    assert calls == RETRY.attempts


async def test_an_unavailable_store_is_retried_without_limit(stores: Stores) -> None:
    clock = ManualClock()
    calls = 0
    done = asyncio.Event()

    async def handle(events: Sequence[Recorded]) -> None:
        nonlocal calls
        calls += 1
        if calls < 5 * RETRY.attempts:
            raise Unavailable("no connection")
        done.set()

    await transact(stores.events, SEATS, "acme/run/a", Take(2))
    subscription = await stores.log.subscribe("test", after=0)
    task = asyncio.create_task(follow(subscription, handle, clock=clock))
    await clock.advance_until(lambda: done.is_set() or task.done(), step_ms=RETRY.max_ms)
    assert not task.done()
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()


@pytest.mark.parametrize("verb", ["sleep_until", "idle"])
async def test_sleepers_wake_in_the_order_of_their_times(verb: str) -> None:
    clock = ManualClock(now=0)
    woken: list[tuple[int, int]] = []

    async def sleeper(duration_ms: int) -> None:
        await getattr(clock, verb)(duration_ms)
        woken.append((duration_ms, clock.now()))

    tasks = [asyncio.create_task(sleeper(duration)) for duration in (30, 10, 20, 0, 50)]
    await clock.advance(40)

    assert woken == [(0, 0), (10, 10), (20, 20), (30, 30)]
    assert clock.now() == 40
    assert clock.sleepers == 1
    await clock.advance(10)
    await asyncio.gather(*tasks)


async def test_the_system_clock_advances() -> None:
    clock = SystemClock()
    before = clock.now()
    await clock.idle(2)
    after = clock.now()
    await clock.sleep_until(after + 2)
    await clock.sleep_until(before)

    assert clock.now() > after > before > 1_700_000_000_000


def test_ids_sort_by_the_second_in_which_they_were_made() -> None:
    ids = [new_id(1_700_000_000_000 + second * 1_000) for second in range(5)]

    assert ids == sorted(ids)
    assert all(
        len(one) == 20 and set(one) <= set("0123456789abcdefghijklmnopqrstuv") for one in ids
    )
    assert len({new_id(1_700_000_000_000) for _ in range(10_000)}) == 10_000
