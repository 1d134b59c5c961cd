"""Every view: a pure fold that is independent of batches and repeats and can be rebuilt."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.domain.run.messages.run_events import RunStarted
from baton.eventlog.events.codec import decode_document, encode_document
from baton.eventlog.events.envelope import Appended, Recorded, Write
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.views import Change, Row, ViewStore
from baton.projector.batch import Batch
from baton.projector.rebuild import begin_rebuild
from baton.projector.view import View
from baton.projector.views import every_view
from tests.projector.histories import events_of, history
from tests.projector.projection import Dump, dump, empty_store, fold, fold_into

LONG = events_of(seed=1, commands=1_500, artifacts=True)
histories = st.builds(
    lambda random, commands: history(random, commands).events,
    st.randoms(use_true_random=False),
    st.integers(5, 60),
)
each_view = pytest.mark.parametrize("view", every_view(), ids=lambda view: view.name)


def batches(events: Sequence[Recorded], cuts: Sequence[int]) -> list[Sequence[Recorded]]:
    edges = [0, *sorted(cut % (len(events) + 1) for cut in cuts), len(events)]
    return [events[a:b] for a, b in pairwise(edges)]


async def folded(parts: Sequence[Sequence[Recorded]], *, forgetful: bool = False) -> Dump:
    store = await empty_store()
    await fold_into(store, parts, forgetful=forgetful)
    return await dump(store)


async def appended(stores: Stores, events: Sequence[Recorded]) -> None:
    """Append the history to a store, so that the events pass through the codec."""
    wave: dict[str, Write] = {}
    for one in events:
        if one.stream in wave:
            await _append(stores, wave)
        wave[one.stream] = Write(stream=one.stream, expected=one.version - 1, events=[one.event])
    await _append(stores, wave)


async def _append(stores: Stores, wave: dict[str, Write]) -> None:
    assert isinstance(await stores.events.append(list(wave.values())), Appended)
    wave.clear()


async def projected(stores: Stores, events: Sequence[Recorded] = LONG) -> None:
    """Append the history and let the live views fold it."""
    await appended(stores, events)
    await stores.views.prepare([view.table for view in every_view()])
    log = await stores.events.read_all(after=0, limit=100_000)
    cuts = Random(1).sample(range(len(log)), 20)
    await fold_into(stores.views, batches(log, cuts), forgetful=True)


@each_view
def test_the_history_of_this_suite_has_every_event_of_the_view(view: View[Any]) -> None:
    assert set(view.events) <= {type(recorded.event) for recorded in LONG}


@each_view
async def test_a_document_equals_its_stored_form(view: View[Any]) -> None:
    rows = (await folded([LONG]))[view.name]

    assert rows
    assert [encode_document(decode_document(view.document, row.document)) for row in rows] == [
        row.document for row in rows
    ]


@each_view
async def test_a_row_has_a_value_of_the_right_kind_for_every_column(view: View[Any]) -> None:
    kinds = {"text": str, "int": int}
    started = next(at for at, one in enumerate(LONG) if isinstance(one.event, RunStarted))
    rows = (await folded([LONG]))[view.name]
    rows += (await folded([LONG[: started + 1]]))[view.name]  # the run has no step yet

    for place, column in enumerate(view.table.columns):
        values = [row.values[place] for row in rows if row.values[place] is not None]
        assert values, column.name
        assert {type(value) for value in values} == {kinds[column.kind]}
    assert {len(row.values) for row in rows} == {len(view.table.columns)}


@each_view
def test_the_indexes_of_a_table_name_its_columns(view: View[Any]) -> None:
    names = {column.name for column in view.table.columns} | {"tenant", "key"}

    for index in view.table.indexes:
        assert {*index.columns, *([index.where_set] if index.where_set else [])} <= names


@each_view
async def test_a_row_belongs_to_the_tenant_of_its_events(view: View[Any]) -> None:
    by_tenant = {
        tenant: [e for e in LONG if e.stream.startswith(f"{tenant}/")]
        for tenant in ("acme", "globex")
    }
    together = (await folded([LONG]))[view.name]
    apart = [row for events in by_tenant.values() for row in (await folded([events]))[view.name]]

    assert apart == together


@settings(max_examples=60, deadline=None)
@given(histories, st.lists(st.integers(0, 1_000), max_size=12), st.booleans())
def test_the_rows_are_the_same_wherever_batches_are_cut(
    events: Sequence[Recorded], cuts: Sequence[int], forgetful: bool
) -> None:
    whole = asyncio.run(folded([events]))

    assert asyncio.run(folded(batches(events, cuts), forgetful=forgetful)) == whole


@settings(max_examples=40, deadline=None)
@given(histories, st.lists(st.integers(0, 1_000), min_size=1, max_size=6))
def test_a_batch_delivered_again_changes_nothing(
    events: Sequence[Recorded], cuts: Sequence[int]
) -> None:
    parts = batches(events, cuts)
    repeated = [again for index in range(len(parts)) for again in (*parts[: index + 1],)]

    assert asyncio.run(folded(repeated)) == asyncio.run(folded([events]))


@settings(max_examples=40, deadline=None)
@given(histories, st.lists(st.integers(0, 1_000), min_size=1, max_size=6))
def test_a_batch_sees_the_changes_of_the_batch_that_is_being_written(
    events: Sequence[Recorded], cuts: Sequence[int]
) -> None:
    async def overlapping() -> Dump:
        store = await empty_store()
        batch = Batch(every_view(), position=0)
        for part in batches(events, cuts):
            changes, position = batch.take_changes(), batch.position
            await fold(batch, store, part)
            await store.commit(changes, checkpoint=position)
            batch.mark_committed()
        await store.commit(batch.take_changes(), checkpoint=batch.position)
        return await dump(store)

    assert asyncio.run(overlapping()) == asyncio.run(folded([events]))


async def test_a_rebuilt_view_equals_the_live_one(stores: Stores) -> None:
    await projected(stores)
    rebuild = await begin_rebuild(stores.events, stores.views, stores.view_sets)

    assert await rebuild.first_difference() is None
    assert rebuild.position == await stores.views.checkpoint() > 0


@pytest.mark.parametrize("damage", ["deleted", "added", "document", "column"])
async def test_a_comparison_finds_a_damaged_row_of_any_view(stores: Stores, damage: str) -> None:
    await projected(stores, LONG[:1_000])
    rebuild = await begin_rebuild(stores.events, stores.views, stores.view_sets)
    for view in every_view():
        rows = await stores.views.scan(view.name, limit=10_000)
        sound = rows[len(rows) // 2]
        broken = _broken(sound, damage)
        await _replace(stores.views, view.name, sound, broken)

        found = await rebuild.first_difference()

        assert found is not None
        at_fault = sound if broken is None else broken
        assert (found.table, found.tenant, found.key) == (view.name, sound.tenant, at_fault.key)
        assert found.live == broken
        assert found.rebuilt == (None if damage == "added" else sound)
        await _replace(stores.views, view.name, at_fault, sound)
    assert await rebuild.first_difference() is None


def _broken(row: Row, damage: str) -> Row | None:
    match damage:
        case "deleted":
            return None
        case "added":
            return replace(row, key=row.key + "~")
        case "document":
            return replace(row, document=row.document.replace(b"{", b'{"more":1,', 1))
        case _:
            other: str | int = "other" if isinstance(row.values[0], str) else 7
            return replace(row, values=(other, *row.values[1:]))


async def _replace(store: ViewStore, table: str, old: Row, new: Row | None) -> None:
    """Replace `old` by `new`, or add `new` if its key differs."""
    position = await store.checkpoint()
    deletes = [] if new is not None and new.key.startswith(old.key) else [(old.tenant, old.key)]
    change = Change(table=table, upserts=[new] if new else [], deletes=deletes)
    await store.commit([change], checkpoint=position)
