"""Building, comparing and promoting sets, by the rules that the CLI and the HTTP API share."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from baton.backends.memory.view_sets import MemoryViewSets
from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Recorded, Write
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.views import Change, Row, Table
from baton.projector.rate_limit import RateLimit
from baton.projector.sets import comparison
from baton.projector.sets.changes import NotPossible, begin_set, own_tables, promote_set, roll_back
from baton.projector.sets.comparison import Comparison
from baton.projector.sets.keeper import ViewSetKeeper
from baton.projector.sets.set_follower import compare_set
from tests.backends import memory
from tests.kit.eventually import eventually
from tests.projector.histories import events_of

EVENTS = events_of(seed=5, commands=200)
TIMEOUT_MS = 20_000


async def append(stores: Stores, events: Sequence[Recorded]) -> int:
    for one in events:
        await stores.events.append(
            [Write(stream=one.stream, expected=one.version - 1, events=[one.event])]
        )
    return await stores.events.head()


def keeper_of(stores: Stores) -> ViewSetKeeper:
    return ViewSetKeeper(stores, clock=SystemClock(), holder="this")


async def ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class SmallDisk(MemoryViewSets):
    """Sets on a disk that is nearly full."""

    async def free_bytes(self) -> int | None:
        return 1


async def test_a_set_is_built_only_where_there_is_space_for_it() -> None:
    sets = SmallDisk()
    tables = own_tables()
    await sets.live.prepare(tables)
    runs = next(table for table in tables if table.name == "runs")
    row = Row("acme", "r1", b"x" * 100, tuple(None for _ in runs.columns))
    await sets.live.commit([Change(table="runs", upserts=[row])], checkpoint=1)

    with pytest.raises(NotPossible, match="needs about 120 bytes, and only 1 are free"):
        await begin_set(sets, at=1)


async def test_one_set_at_a_time_is_built(tmp_path: Path) -> None:
    stores = await memory.open_stores(tmp_path)
    await stores.views.prepare(own_tables())
    number = await begin_set(stores.view_sets, at=1)

    with pytest.raises(NotPossible, match=f"Set {number} is being built"):
        await begin_set(stores.view_sets, at=1)
    with pytest.raises(NotPossible, match="isn't compared"):
        await promote_set(stores.view_sets, number)
    with pytest.raises(NotPossible, match="No former live set"):
        await roll_back(stores.view_sets)
    await stores.views.commit([], checkpoint=7)
    with pytest.raises(NotPossible, match="hasn't caught up"):
        await promote_set(stores.view_sets, number, accept_difference=True)


async def test_a_waiting_command_is_answered_by_the_set_that_is_read_then(tmp_path: Path) -> None:
    stores = await memory.open_stores(tmp_path)
    half = len(EVENTS) // 2
    position = await append(stores, EVENTS[:half])
    keeper = keeper_of(stores)
    assert not await keeper.reached(position, 1)  # it doesn't run yet
    keeping = asyncio.create_task(keeper.run(stores.log))
    assert await keeper.reached(position, TIMEOUT_MS)
    number = await begin_set(stores.view_sets, at=1)

    async def compared() -> bool:
        return (await stores.view_sets.every())[-1].compared_at is not None

    await eventually(compared)
    waiting = asyncio.create_task(keeper.reached(len(EVENTS), TIMEOUT_MS))
    assert await promote_set(stores.view_sets, number) == 2
    store = await stores.view_sets.open(number)

    async def is_read() -> bool:
        marker = Change(table="runs", deletes=[("nobody", "nothing")])
        await store.commit([marker], checkpoint=await store.checkpoint())
        return stores.views.content is store.content  # type: ignore[attr-defined]

    await eventually(is_read)
    head = await append(stores, EVENTS[half:])
    assert await keeper.reached(head, TIMEOUT_MS)
    assert await waiting
    assert await stores.views.checkpoint() == head
    assert await compare_set(stores, 1, await stores.view_sets.open(1)) == []
    await ended(keeping)


async def test_a_comparison_with_a_set_that_stands_still_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "REACH_S", 0.05)
    stores = await memory.open_stores(tmp_path)
    await stores.views.prepare(own_tables())
    await stores.views.commit([], checkpoint=5)
    number = await begin_set(stores.view_sets, at=1)

    with pytest.raises(Unavailable, match="stays at position 0 instead of reaching 5"):
        await compare_set(stores, number, await stores.view_sets.open(number))


async def test_a_sample_compares_the_first_rows_of_each_table() -> None:
    sets, table = MemoryViewSets(), Table(name="things")
    one, other = await sets.open_temporary([table]), await sets.open_temporary([table])
    rows = [Row("acme", f"k{number}", b"{}") for number in range(9)]
    await one.commit([Change(table="things", upserts=rows)], checkpoint=1)
    rows[6] = replace(rows[6], document=b"[]")
    await other.commit([Change(table="things", upserts=rows)], checkpoint=1)

    (found,) = await Comparison(one, other, [table]).first(9)
    assert (found.key, found.live, found.rebuilt) == ("k6", Row("acme", "k6", b"{}"), rows[6])
    assert await Comparison(one, other, [table], sample=5).first(9) == []


async def test_a_comparison_names_the_rows_that_it_has_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(comparison, "SCAN", 4)
    sets, table = MemoryViewSets(), Table(name="things")
    one, other = await sets.open_temporary([table]), await sets.open_temporary([table])
    rows = [Row("acme", f"k{number}", b"{}") for number in range(9)]
    for store in (one, other):
        await store.commit([Change(table="things", upserts=rows)], checkpoint=1)
    compared: list[int] = []

    assert await Comparison(one, other, [table], on_rows=compared.append).first(1) == []
    assert compared == [4, 8, 9]


async def test_a_limit_of_events_per_second_is_kept() -> None:
    loop, limit, free = asyncio.get_running_loop(), RateLimit(1_000), RateLimit(0)
    begun = loop.time()
    for _ in range(10):
        await limit.wait_after(10)
        await free.wait_after(1_000_000)

    assert 0.08 < loop.time() - begun < 5
