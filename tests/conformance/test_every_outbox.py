"""Every outbox: a relay gets all stored events, unchanged and in the order of the store."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from baton.eventlog.events.codec import decode
from baton.eventlog.events.envelope import Recorded, Stored
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.outbox import Outbox
from tests.conformance.deployments import appended, backend_of, store_openers, write

SHARED = [name for name in sorted(store_openers()) if "shared" in backend_of(name).capabilities]
WITHIN_S = 15


@pytest.fixture(params=SHARED)
async def processes(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[Stores]]:
    """Return stores as three processes open them."""
    processes = [await store_openers()[str(request.param)](tmp_path) for _ in range(3)]
    yield processes
    for stores in processes:
        await stores.close()


@pytest.fixture
def stores(processes: list[Stores]) -> Stores:
    return processes[0]


@pytest.fixture
def outbox(stores: Stores) -> Outbox:
    assert stores.outbox
    return stores.outbox


async def read_at_least(
    outbox: Outbox, count: int, *, after: int = 0, limit: int = 1_000
) -> list[Stored]:
    found: list[Stored] = []
    async with asyncio.timeout(WITHIN_S):
        while len(found) < count:
            page = await outbox.after(found[-1].position if found else after, limit=limit)
            assert 0 < len(page) <= limit
            found += page
    return found


def decoded(stored: Sequence[Stored]) -> list[Recorded]:
    return [
        Recorded(one.position, one.stream, one.version, decode(one.topic, one.state))
        for one in stored
    ]


async def test_events_are_read_as_they_are_stored(stores: Stores, outbox: Outbox) -> None:
    result = await appended(stores, write("r1", 0, 1, 2), write("r2", 0, 3))

    assert decoded(await read_at_least(outbox, 3)) == list(result.recorded)


async def test_a_reader_begins_after_its_position(stores: Stores, outbox: Outbox) -> None:
    result = await appended(stores, write("r1", 0, *range(10)))
    position = result.recorded[6].position

    assert decoded(await read_at_least(outbox, 3, after=position)) == list(result.recorded[7:])
    assert decoded(await read_at_least(outbox, 10, limit=3)) == list(result.recorded)


async def test_a_position_can_be_read_from_again(stores: Stores, outbox: Outbox) -> None:
    await appended(stores, write("r1", 0, 1, 2))
    first = await read_at_least(outbox, 2)

    assert await read_at_least(outbox, 2) == first


async def test_an_append_of_any_process_wakes_a_waiting_reader(
    processes: list[Stores], outbox: Outbox
) -> None:
    after = 0
    for number, stores in enumerate(processes):
        waiting = asyncio.create_task(read_at_least(outbox, 1, after=after))
        await asyncio.sleep(0.01)
        result = await appended(stores, write(f"r{number}", 0, 1))
        assert decoded(await waiting) == list(result.recorded)
        after = result.position


async def test_a_cancelled_read_loses_no_event(processes: list[Stores], outbox: Outbox) -> None:
    waiting = asyncio.create_task(outbox.after(0, limit=10))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.wait((waiting,))
    result = await appended(processes[1], write("r1", 0, 1))

    assert decoded(await read_at_least(outbox, 1)) == list(result.recorded)


async def test_concurrent_appends_of_several_processes_are_all_read(
    processes: list[Stores], outbox: Outbox
) -> None:
    async def append(turn: int, stores: Stores) -> None:
        for version in range(40):
            await asyncio.gather(
                *(appended(stores, write(f"r{turn}-{n}", version, version)) for n in range(10))
            )

    reading = asyncio.create_task(read_at_least(outbox, 3 * 40 * 10))
    await asyncio.gather(*(append(turn, stores) for turn, stores in enumerate(processes)))
    read = decoded(await reading)

    assert read == list(await processes[0].events.read_all(after=0, limit=10_000))
