"""Every store of view sets: sets beside the live one, promotions, and sets of other releases."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from baton.backends.postgres.views import catalog as postgres
from baton.backends.sqlite.views import view_sets as sqlite
from baton.eventlog.errors import InUse, Unavailable
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.views import (
    Change,
    NoSuchSet,
    Query,
    Row,
    SetIsBehind,
    SetIsLive,
    Table,
    ViewStore,
)
from tests.conformance.deployments import OpenedStores, store_openers
from tests.conformance.test_every_view_store import ORDERS, RUNS, TIMERS, run
from tests.kit.eventually import eventually

TABLES = [RUNS, TIMERS]
NOBODY = 10_000


@pytest.fixture(params=sorted(store_openers()))
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenedStores]:
    """Open each backend without a transport, which has no part in the views."""
    one = OpenedStores(str(request.param), tmp_path)
    await one.open()
    yield one
    await one.stores.close()


def put(*rows: Row) -> Sequence[Change]:
    return [Change(table="runs", upserts=rows)]


async def keys(views: ViewStore) -> list[str]:
    return [row.key for row in await views.scan("runs")]


async def live_with(stores: Stores, *rows: Row) -> int:
    """Prepare the live set, put rows into it at position 1, and return its number."""
    await stores.views.prepare(TABLES)
    await stores.views.commit(put(*rows), checkpoint=1)
    (one,) = await stores.view_sets.every()
    return one.number


async def built(stores: Stores, *rows: Row, checkpoint: int) -> tuple[int, ViewStore]:
    """Return a second set that holds rows, and its number."""
    number = await stores.view_sets.create(TABLES, at=5)
    store = await stores.view_sets.open(number)
    await store.prepare(TABLES)
    await store.commit(put(*rows), checkpoint=checkpoint)
    return number, store


async def promoted(stores: Stores, number: int, *, even_behind: bool = False) -> int:
    epoch = await stores.view_sets.promote(number, even_behind=even_behind)
    stores.view_sets.read(number)
    return epoch


async def test_the_first_set_is_live_and_new_ones_are_not(stores: Stores) -> None:
    first = await live_with(stores)
    second = await stores.view_sets.create(TABLES, at=5)
    live, other = await stores.view_sets.every()

    assert (live.number, live.live, live.epoch, live.checkpoint) == (first, True, 1, 1)
    assert (other.number, other.live, other.epoch, other.checkpoint) == (second, False, 0, 0)
    assert (other.created_at, other.compared_at, other.differences) == (5, None, 0)
    assert live.shape == other.shape


async def test_a_set_is_invisible_until_it_is_promoted(opened: OpenedStores) -> None:
    stores = opened.stores
    await live_with(stores, run("old"))
    number, store = await built(stores, run("new"), checkpoint=9)
    assert (await keys(store), await store.checkpoint()) == (["new"], 9)
    assert (await keys(stores.views), await stores.views.checkpoint()) == (["old"], 1)

    assert await promoted(stores, number) == 2
    assert (await keys(stores.views), await stores.views.checkpoint()) == (["new"], 9)
    assert await stores.views.get("runs", "acme", "old") is None
    await store.commit(put(run("later")), checkpoint=10)
    reopened = await opened.reopen() if opened.durable else stores
    await reopened.views.prepare(TABLES)
    assert await keys(reopened.views) == ["later", "new"]
    assert [one.live for one in await reopened.view_sets.every()] == [False, True]


async def test_the_set_that_was_live_goes_on_and_is_live_again(stores: Stores) -> None:
    first = await live_with(stores, run("old"))
    before = await stores.view_sets.open(first)
    number, _ = await built(stores, run("new"), checkpoint=9)
    await promoted(stores, number)
    await before.commit(put(run("followed")), checkpoint=9)

    assert await keys(stores.views) == ["new"]
    assert await promoted(stores, first) == 3
    assert await keys(stores.views) == ["followed", "old"]


async def test_maintained_counts_are_promoted_with_the_tables(stores: Stores) -> None:
    order = Row("acme", "o1", b"{}", ("x", 1, "a"))
    await stores.views.prepare([ORDERS])
    await stores.views.commit([Change(table="orders", upserts=[order])], checkpoint=1)
    number = await stores.view_sets.create([ORDERS], at=5)
    store = await stores.view_sets.open(number)
    query = Query(table="orders", tenant="acme", count=True)
    assert (await store.find(query)).total == 0

    rows = [order, Row("acme", "o2", b"{}", ("y", 1, "a"))]
    await store.commit([Change(table="orders", upserts=rows)], checkpoint=2)
    assert (await stores.views.find(query)).total == 1
    await promoted(stores, number)
    assert (await stores.views.find(query)).total == 2


async def test_a_set_behind_the_live_one_is_promoted_only_on_request(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    for backend in (sqlite, postgres):
        monkeypatch.setattr(backend, "CATCH_UP_S", 0.05)
    await live_with(stores, run("old"))
    number, _ = await built(stores, checkpoint=0)

    with pytest.raises(SetIsBehind, match="position 0, the live set at 1"):
        await stores.view_sets.promote(number)
    assert await keys(stores.views) == ["old"]
    await promoted(stores, number, even_behind=True)
    assert await stores.views.checkpoint() == 0


async def test_a_promotion_of_the_live_set_changes_nothing(stores: Stores) -> None:
    first = await live_with(stores)

    assert await stores.view_sets.promote(first) == 1
    assert [one.epoch for one in await stores.view_sets.every()] == [1]


async def test_concurrent_promotions_have_epochs_of_their_own(stores: Stores) -> None:
    await live_with(stores)
    numbers = [(await built(stores, checkpoint=9))[0] for _ in range(3)]
    epochs = await asyncio.gather(*map(stores.view_sets.promote, numbers))

    assert sorted(epochs) == [2, 3, 4]


async def test_a_dropped_set_is_gone_and_its_number_is_not_used_again(stores: Stores) -> None:
    first = await live_with(stores)
    number, _ = await built(stores, run("new"), checkpoint=9)
    assert await stores.view_sets.size_bytes(number) > 0
    with pytest.raises(SetIsLive):
        await stores.view_sets.drop(first)
    await stores.view_sets.drop(number)

    assert [one.number for one in await stores.view_sets.every()] == [first]
    assert (await built(stores, checkpoint=9))[0] > number
    with pytest.raises(NoSuchSet):
        await stores.view_sets.open(number)


async def test_reads_of_a_set_that_other_processes_share_are_counted(opened: OpenedStores) -> None:
    stores = opened.stores
    number = await live_with(stores, run("old"))
    before = await stores.view_sets.reads(number)
    if "shared" not in opened.backend.capabilities:
        assert before is None
        return

    async def counted() -> bool:
        await keys(stores.views)
        return await stores.view_sets.reads(number) != before

    await eventually(counted, within_s=30)


async def test_a_comparison_is_saved(stores: Stores) -> None:
    await live_with(stores)
    number, _ = await built(stores, checkpoint=9)
    await stores.view_sets.record_comparison(number, position=9, differences=2)
    _, other = await stores.view_sets.every()

    assert (other.compared_at, other.differences) == (9, 2)


async def test_an_unknown_number_is_refused(stores: Stores) -> None:
    await live_with(stores)
    sets = stores.view_sets
    for refused in (
        sets.open(NOBODY),
        sets.promote(NOBODY),
        sets.drop(NOBODY),
        sets.record_comparison(NOBODY, position=1, differences=0),
    ):
        with pytest.raises(NoSuchSet):
            await refused


async def test_a_temporary_set_is_not_listed(stores: Stores) -> None:
    first = await live_with(stores)
    temporary = await stores.view_sets.open_temporary(TABLES)
    await temporary.commit(put(run("r1")), checkpoint=4)

    assert (await keys(temporary), await temporary.checkpoint()) == (["r1"], 4)
    assert [one.number for one in await stores.view_sets.every()] == [first]
    await temporary.close()


async def test_a_store_of_a_set_refuses_other_tables(stores: Stores) -> None:
    await live_with(stores)
    _, store = await built(stores, checkpoint=9)

    with pytest.raises(Unavailable, match="another release"):
        await store.prepare([RUNS])


async def test_a_set_that_was_built_for_a_release_is_read_when_it_starts(
    opened: OpenedStores,
) -> None:
    newer = [RUNS, TIMERS, Table(name="more")]
    old = await live_with(opened.stores, run("old"))
    number = await opened.stores.view_sets.create(newer, at=5)
    store = await opened.stores.view_sets.open(number)
    await store.commit(put(run("new")), checkpoint=7)
    stores = await opened.reopen() if opened.durable else opened.stores
    await stores.views.prepare(newer)

    assert (await keys(stores.views), await stores.views.checkpoint()) == (["new"], 7)
    sets = {one.number: one for one in await stores.view_sets.every()}
    assert sets[old].live  # for processes of the older release
    assert sets[number].live
    assert sets[number].epoch == 2
    await stores.views.prepare(TABLES)
    assert await keys(stores.views) == ["old"]


async def test_a_release_drops_the_sets_of_all_but_the_one_before(opened: OpenedStores) -> None:
    stores = opened.stores
    releases: list[list[Table]] = [TABLES, [RUNS], [TIMERS]]
    for tables in releases:
        await stores.views.prepare(tables)
        stores = await opened.reopen() if opened.durable else stores

    assert [one.epoch for one in await stores.view_sets.every()] == [2, 3]


async def test_a_projector_that_was_replaced_changes_nothing(opened: OpenedStores) -> None:
    if not opened.durable:
        return  # one process has the views to itself
    first = await live_with(opened.stores, run("r1"))
    replaced = await opened.stores.view_sets.open(first)
    following = await opened.stores.view_sets.open(first)
    await following.commit(put(run("r2")), checkpoint=5)

    with pytest.raises(InUse):
        await replaced.commit(put(run("late")), checkpoint=4)
    await following.commit(put(run("r2")), checkpoint=5)  # its answer was lost
    assert await keys(following) == ["r1", "r2"]
    assert await following.checkpoint() == 5
