"""Times and positions, with and without the notary's blocks."""

from collections.abc import Sequence
from random import Random

import pytest

from baton.backends.memory import BACKEND
from baton.backends.memory.event_store import MemoryEventStore
from baton.backends.memory.leaf_store import MemoryLeafStore
from baton.domain.run.messages.run_events import RunStarted
from baton.eventlog.events.envelope import Stored, Write
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.projector.as_of import moments as moments_module
from baton.projector.as_of.moments import Moments
from tests.notary.sealing import seal

EVENTS = 2_200
START = 1_700_000_000_000


async def _stores(times: list[int]) -> Stores:
    stores = await BACKEND.open(StoreLocation(secrets_keys=()))
    await _append(stores, times, 0)
    return stores


async def _append(stores: Stores, times: list[int], version: int) -> None:
    events = [RunStarted(at=at) for at in times]
    await stores.events.append([Write(stream="acme/run/r", expected=version, events=events)])


def _times(random: Random, count: int) -> list[int]:
    """Return times that rise, but for some of machines whose clocks are late."""
    return [START + 10 * one - random.choice((0, 0, 0, 700)) for one in range(count)]


def _position_at(times: list[int], at: int) -> int:
    """Return the expected position: before the first later event, else the newest one."""
    return next((index for index, one in enumerate(times) if one > at), len(times))


@pytest.mark.parametrize("sealed", [0, 300, 2_048, EVENTS])
async def test_times_and_positions_equal_those_of_a_full_scan(sealed: int) -> None:
    random = Random(sealed)
    times = _times(random, EVENTS)
    stores = await _stores(times[:sealed])
    if sealed:
        await seal(stores.leaves)
    await _append(stores, times[sealed:], sealed)
    moments = Moments(stores.leaves)
    wanted = [random.randrange(EVENTS + 1) for _ in range(25)]
    for position in (0, 1, 1_024, 1_025, 2_047, 2_048, EVENTS, *wanted):
        assert await moments.moment_at(position) == (position, max(times[:position], default=0))
    for at in (-1, 0, START - 701, *(START + random.randrange(10 * EVENTS) for _ in range(25))):
        assert await moments.position_at(at) == _position_at(times, at)
    assert await moments.position_at(START * 2) == EVENTS


class CountedLeaves(MemoryLeafStore):
    """Counts the reads of events."""

    reads = 0

    async def events(self, *, after: int, limit: int) -> Sequence[Stored]:
        self.reads += 1
        return await super().events(after=after, limit=limit)


async def test_the_moment_of_a_position_is_read_once() -> None:
    times, events = _times(Random(2), EVENTS), MemoryEventStore()
    given = [RunStarted(at=at) for at in times]
    await events.append([Write(stream="acme/run/r", expected=0, events=given[:-1])])
    leaves = CountedLeaves(events.recorder)
    moments = Moments(leaves)
    for position in (EVENTS - 1, EVENTS):
        assert await moments.moment_at(position) == (EVENTS - 1, max(times[:-1]))
    await events.append([Write(stream="acme/run/r", expected=EVENTS - 1, events=given[-1:])])
    assert await moments.moment_at(EVENTS) == (EVENTS, max(times))

    reads = leaves.reads
    for position in (EVENTS - 1, EVENTS):
        assert await moments.moment_at(position) == (position, max(times[:position]))
    assert leaves.reads == reads


async def test_a_long_log_without_blocks_has_few_remembered_positions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(moments_module, "PAGE", 16)
    monkeypatch.setattr(moments_module, "MAX_MARKS", 8)
    times = _times(Random(4), EVENTS)
    stores = await _stores(times)
    moments = Moments(stores.leaves)
    for position in range(EVENTS, 0, -61):
        assert await moments.moment_at(position) == (position, max(times[:position]))
        at = times[position - 1]
        assert await moments.position_at(at) == _position_at(times, at)
    assert len(moments._marks) <= 8


async def test_later_events_and_blocks_are_found() -> None:
    times = _times(Random(1), EVENTS)
    stores = await _stores(times[:1_500])
    moments = Moments(stores.leaves)
    assert await moments.position_at(START * 2) == 1_500
    await _append(stores, times[1_500:2_000], 1_500)
    assert await moments.moment_at(2_000) == (2_000, max(times[:2_000]))
    await seal(stores.leaves)
    await _append(stores, times[2_000:], 2_000)
    for position in (700, 1_400, 1_990, 2_000, 2_150, EVENTS):
        assert await moments.moment_at(position) == (position, max(times[:position]))
        at = max(times[:position])
        assert await moments.position_at(at) == _position_at(times, at)
