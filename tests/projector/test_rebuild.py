"""Rebuilding beside the live views: its end, its progress, the comparison, the swap."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest

from baton.backends.memory.event_store import MemoryEventStore
from baton.backends.memory.view_sets import MemoryViewSets
from baton.backends.memory.view_store import MemoryViewStore
from baton.eventlog.clock import SystemClock
from baton.eventlog.events.envelope import Appended, Recorded, Write
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.views import Change, Page, Query, Row
from baton.projector import rebuild as rebuilding
from baton.projector.projector import Projector
from baton.projector.rebuild import AppliedRebuild, begin_applied_rebuild, begin_rebuild
from baton.projector.views import every_view
from tests.conformance.deployments import store_openers
from tests.projector.histories import events_of
from tests.projector.projection import dump, empty_store, fold_into
from tests.projector.run_events import BEGUN, STREAM, requested, started

EVENTS = events_of(seed=11, commands=200)
TIMEOUT_MS = 20_000


async def append(stores: Stores, events: Sequence[Recorded]) -> None:
    for one in events:
        write = Write(stream=one.stream, expected=one.version - 1, events=[one.event])
        assert isinstance(await stores.events.append([write]), Appended)


async def begin_applied(stores: Stores) -> AppliedRebuild:
    return await begin_applied_rebuild(stores.events, stores.views, stores.view_sets, at=1)


@pytest.fixture(params=sorted(store_openers()))
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    opened = await store_openers()[str(request.param)](tmp_path)
    await append(opened, EVENTS)
    await opened.views.prepare([view.table for view in every_view()])
    await fold_into(opened.views, [await opened.events.read_all(after=0, limit=10_000)])
    yield opened
    await opened.close()


async def test_a_rebuild_stops_at_the_requested_position(stores: Stores) -> None:
    log = await stores.events.read_all(after=0, limit=10_000)
    middle = log[len(log) // 2].position
    rebuild = await begin_applied(stores)

    assert await rebuild.advance_to(middle) == middle
    await rebuild.swap()
    half = await empty_store()
    await fold_into(half, [log[: len(log) // 2 + 1]])
    assert await dump(stores.views) == await dump(half)
    assert await stores.views.checkpoint() == middle


async def test_a_rebuild_up_to_a_time_stops_before_the_first_later_event(stores: Stores) -> None:
    log = await stores.events.read_all(after=0, limit=10_000)
    at = getattr(log[len(log) // 2].event, "at", 0)
    rebuild = await begin_rebuild(stores.events, stores.views, stores.view_sets)
    reached = await rebuild.advance_to(log[-1].position, at=at)
    after = next(one for one in log if one.position > reached)

    assert all(getattr(one.event, "at", 0) <= at for one in log if one.position <= reached)
    assert getattr(after.event, "at", 0) > at


async def test_progress_is_reported_up_to_the_end(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "READ_BATCH", 50)
    monkeypatch.setattr(rebuilding, "COMMIT_EVERY", 70)
    rebuild = await begin_rebuild(stores.events, stores.views, stores.view_sets)
    reported: list[tuple[int, int]] = []
    head = await stores.events.head()
    await rebuild.advance_to(head, progress=lambda done, total: reported.append((done, total)))

    assert len(reported) > 3
    assert reported == sorted(reported)
    assert reported[-1] == (head, head)
    assert await rebuild.first_difference() is None


async def test_live_views_behind_the_rebuilt_ones_cannot_be_compared(stores: Stores) -> None:
    rebuild = await begin_rebuild(stores.events, stores.views, stores.view_sets)
    await stores.views.commit([], checkpoint=1)
    await rebuild.advance_to(await stores.events.head())

    with pytest.raises(ValueError, match="at position 1, behind"):
        await rebuild.first_difference()


async def test_live_views_may_change_while_they_are_compared(stores: Stores) -> None:
    projector = Projector(stores.views, clock=SystemClock())
    following = asyncio.create_task(projector.run(stores.log))
    begun = projected = await stores.views.checkpoint()
    assert await projector.reached(begun, TIMEOUT_MS)
    stop = asyncio.Event()
    requesting = asyncio.create_task(_keep_requesting(stores, stop))
    while projected < begun + 60:
        rebuild = await begin_rebuild(stores.events, stores.views, stores.view_sets)
        assert await rebuild.first_difference() is None
        await asyncio.sleep(0)
        projected = await stores.views.checkpoint()
    stop.set()
    await requesting
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


async def _keep_requesting(stores: Stores, stop: asyncio.Event) -> None:
    """Request runs until `stop` is set.

    Their ids are in no order: a comparison that reads the runs by their ids would never overtake
    ascending ones on a slow machine.
    """
    for number in count():
        run = f"new-{sha256(str(number).encode()).hexdigest()[:12]}"
        event = requested(run_id=run)
        await stores.events.append([Write(stream=f"acme/run/{run}", expected=0, events=[event])])
        await asyncio.sleep(0)
        if stop.is_set():
            return


class MovingViews(MemoryViewStore):
    """Live views that fold one event of `upcoming` before every read."""

    def __init__(self) -> None:
        super().__init__()
        self.upcoming: list[Recorded] = []

    async def find(self, query: Query) -> Page:
        await self._fold_next()
        return await super().find(query)

    async def scan(
        self, table: str, *, after: tuple[str, str] | None = None, limit: int = 1_000
    ) -> Sequence[Row]:
        await self._fold_next()
        return await super().scan(table, after=after, limit=limit)

    async def _fold_next(self) -> None:
        if self.upcoming:
            await fold_into(self, [[self.upcoming.pop(0)]])


async def test_a_row_that_changes_while_it_is_compared_is_not_a_difference() -> None:
    events = MemoryEventStore()
    events_of_run = [*BEGUN, *(started(f"s{n}") for n in range(20))]
    await events.append([Write(stream=STREAM, expected=0, events=events_of_run)])
    live = MovingViews()
    await live.prepare([view.table for view in every_view()])
    live.upcoming = list(await events.read_all(after=0, limit=100))
    await fold_into(live, [live.upcoming[:2]])
    del live.upcoming[:2]
    rebuild = await begin_rebuild(events, live, MemoryViewSets())

    assert await rebuild.first_difference() is None
    assert not live.upcoming
    await events.close()


async def test_a_swap_repairs_damaged_views(stores: Stores) -> None:
    sound = await dump(stores.views)
    wrong = Row(
        *("acme", "nobody", b"{}"),
        ("d1", "pending", 1, 1, "manual", None, None, None, None, None, None),
    )
    missing = [(row.tenant, row.key) for row in sound["run_steps"][:3]]
    changes = [Change(table="runs", upserts=[wrong]), Change(table="run_steps", deletes=missing)]
    await stores.views.commit(changes, checkpoint=await stores.views.checkpoint())
    rebuild = await begin_applied(stores)
    assert await rebuild.first_difference() is not None
    await rebuild.swap()

    assert await dump(stores.views) == sound
    mended = await begin_rebuild(stores.events, stores.views, stores.view_sets)
    assert await mended.first_difference() is None


async def test_a_projector_continues_from_swapped_views(stores: Stores) -> None:
    log = await stores.events.read_all(after=0, limit=10_000)
    rebuild = await begin_applied(stores)
    await rebuild.advance_to(log[10].position)
    await rebuild.swap()
    projector = Projector(stores.views, clock=SystemClock())
    following = asyncio.create_task(projector.run(stores.log))
    assert await projector.reached(log[-1].position, TIMEOUT_MS)
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following

    whole = await empty_store()
    await fold_into(whole, [log])
    assert await dump(stores.views) == await dump(whole)
