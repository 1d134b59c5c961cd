"""Queries on the views, over every backend."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from baton.backends.memory.view_store import MemoryViewStore
from baton.backends.sqlite.views.tables import ViewTable
from baton.domain.definition.messages import (
    DefinitionCreated,
    DefinitionDeleted,
    DefinitionUpdated,
    Status,
)
from baton.domain.definition.trigger import (
    EventTrigger,
    ManualTrigger,
    ScheduleTrigger,
    Trigger,
    WebhookTrigger,
)
from baton.domain.run.messages.run_events import RunCompleted, RunFailed, RunRequested, RunStarted
from baton.domain.schedule.messages import ScheduleCreated
from baton.domain.schedule.timetable import Interval
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Page, Query, Table
from baton.projector import view_reader
from baton.projector.view import tables_of
from baton.projector.views import every_view
from baton.projector.views.definitions.queries import DefinitionQueries
from baton.projector.views.run_steps.queries import RunStepQueries
from baton.projector.views.runs.queries import RunFilter, RunQueries
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.schedules.queries import ScheduleQueries
from baton.projector.views.timers.queries import TimerQueries
from tests.conformance.deployments import store_openers
from tests.kit.actors import ANN, BOB, EVE
from tests.kit.definitions import body
from tests.projector.projection import fold_into
from tests.projector.run_events import requested, started, succeeded
from tests.projector.test_view_steps_and_timers import AGAIN, BROKE, DELAY, ERROR

EVERY_MINUTE = ScheduleTrigger(timetable=Interval(every_ms=60_000))
ON_CREATED = EventTrigger(event_type="record.created")


class World:
    """The queries on one store, and a projector that folds the events a test names."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.definitions = DefinitionQueries(store)
        self.runs = RunQueries(store)
        self.run_steps = RunStepQueries(store)
        self.schedules = ScheduleQueries(store)
        self.timers = TimerQueries(store)
        self._position = 0
        self._versions: dict[str, int] = {}

    async def happened(self, stream: str, *events: object) -> None:
        await self.all_happened([(stream, event) for event in events])

    async def all_happened(self, events: Sequence[tuple[str, object]]) -> None:
        batch = []
        for stream, event in events:
            self._position += 1
            self._versions[stream] = self._versions.get(stream, 0) + 1
            batch.append(Recorded(self._position, stream, self._versions[stream], event))
        await fold_into(self.store, [batch])

    async def defined(
        self,
        ident: str,
        trigger: Trigger | None = None,
        *,
        tenant: str = "acme",
        slug: str | None = None,
        name: str = "n",
        status: Status = "active",
        at: int = 10,
    ) -> None:
        created = DefinitionCreated(
            tenant=tenant,
            definition_id=ident,
            slug=slug or f"slug-{ident}",
            body=body(trigger=trigger or ManualTrigger(), name=name, status=status),
            actor=ANN,
            at=at,
        )
        await self.happened(f"{tenant}/definition/{ident}", created)


def asked(run_id: str, at: int = 10, definition: str = "d1", tenant: str = "acme") -> RunRequested:
    return replace(requested(), run_id=run_id, at=at, definition_id=definition, tenant=tenant)


@pytest.fixture(params=sorted(store_openers()))
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    stores = await store_openers()[str(request.param)](tmp_path)
    await stores.views.prepare([view.table for view in every_view()])
    yield World(stores.views)
    await stores.close()


async def test_a_definition_is_found_by_its_id(world: World) -> None:
    await world.defined("d1", WebhookTrigger(path="hooks/in", configured_path="/hooks/in"))
    found = await world.definitions.get("acme", "d1")

    assert found is not None
    assert found.definition_id == "d1"


async def test_nothing_is_found_for_another_tenant(world: World) -> None:
    await world.defined("d1", WebhookTrigger(path="in"))
    await world.defined("d2", EVERY_MINUTE)
    await world.happened("acme/run/r1", asked("r1"), RunStarted(at=1), started("a"))

    assert await world.definitions.get("globex", "d1") is None
    assert await world.definitions.page("globex") == ([], 0)
    assert await world.runs.get("globex", "r1") is None
    assert await world.runs.page("globex") == ([], 0)
    assert await world.run_steps.of_run("globex", "r1") == []
    assert await world.schedules.get("globex", "d2") is None


async def test_a_deleted_definition_stays_readable_by_its_id_alone(world: World) -> None:
    await world.defined("d1", ON_CREATED)
    await world.defined("d2", WebhookTrigger(path="in"))
    for ident in ("d1", "d2"):
        await world.happened(f"acme/definition/{ident}", DefinitionDeleted(actor=EVE, at=20))
    await world.defined("d3")
    deleted = await world.definitions.get("acme", "d1")

    assert deleted is not None
    assert deleted.deleted
    assert await with_event_trigger(world) == []
    assert (await world.definitions.page("acme"))[1] == 1


async def test_definitions_come_newest_first_in_pages(world: World) -> None:
    for number in range(7):
        await world.defined(f"d{number}", at=number // 2)
    pages = [await world.definitions.page("acme", offset=n, limit=3) for n in (0, 3, 6, 9)]

    assert [[one.definition_id for one in page] for page, _ in pages] == [
        ["d6", "d5", "d4"],
        ["d3", "d2", "d1"],
        ["d0"],
        [],
    ]
    assert {total for _, total in pages} == {7}


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ["d2", "d0", "d1"]),
        ("slug", ["d1", "d2", "d0"]),
        ("status", ["d1", "d0", "d2"]),
        ("created_at", ["d0", "d2", "d1"]),
        ("updated_at", ["d2", "d1", "d0"]),
    ],
)
async def test_definitions_are_sorted_both_ways(
    world: World, sort: Any, expected: list[str]
) -> None:
    await world.defined("d0", at=1, name="b", slug="z", status="draft")
    await world.defined("d1", at=3, name="c", slug="x", status="active")
    await world.defined("d2", at=2, name="a", slug="y", status="paused")
    update = DefinitionUpdated(version=2, body=body(name="b", status="draft"), actor=BOB, at=9)
    await world.happened("acme/definition/d0", update)
    rising, _ = await world.definitions.page("acme", sort=sort, order="asc")
    falling, _ = await world.definitions.page("acme", sort=sort, order="desc")

    assert [one.definition_id for one in rising] == expected
    assert falling == rising[::-1]


async def test_definitions_are_filtered_by_status(world: World) -> None:
    statuses: tuple[Status, ...] = ("active", "paused", "draft", "active")
    for number, status in enumerate(statuses):
        await world.defined(f"d{number}", status=status)
    found, total = await world.definitions.page("acme", statuses=["paused", "draft"])

    assert ({one.definition_id for one in found}, total) == ({"d1", "d2"}, 2)
    assert (await world.definitions.page("acme", statuses=["active"]))[1] == 2


async def with_event_trigger(world: World) -> list[str]:
    return [one.definition_id async for one in world.definitions.with_event_trigger()]


async def test_event_triggers_of_all_tenants_are_found_paused_or_not(world: World) -> None:
    await world.defined("d1", ON_CREATED)
    await world.defined("d2", EventTrigger(event_type="record.created", structure="orders"))
    await world.defined("d3", ON_CREATED, status="paused")
    await world.defined("d4", EventTrigger(event_type="record.deleted"), tenant="globex")
    await world.defined("d5")

    assert await with_event_trigger(world) == ["d1", "d2", "d3", "d4"]


async def test_all_matches_are_read_page_by_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_reader, "PAGE_SIZE", 3)
    for number in range(9):
        tenant = ("acme", "globex")[number % 2]
        await world.defined(f"d{number}", ON_CREATED, tenant=tenant)

    assert await with_event_trigger(world) == [f"d{number}" for number in range(9)]


async def test_runs_come_newest_first_in_pages_without_gaps_or_repeats(world: World) -> None:
    numbers = list(range(25))
    Random(1).shuffle(numbers)
    for number in numbers:
        await world.happened(f"acme/run/r{number:02}", asked(f"r{number:02}", at=number // 4))
    pages = [await world.runs.page("acme", offset=n, limit=10) for n in (0, 10, 20)]

    assert [run.id for page, _ in pages for run in page] == [f"r{n:02}" for n in range(24, -1, -1)]
    assert {total for _, total in pages} == {25}
    rising, _ = await world.runs.page("acme", order="asc", limit=25)
    assert [run.id for run in rising] == [f"r{n:02}" for n in range(25)]


async def test_pages_behind_a_run_repeat_and_skip_none_while_runs_are_requested(
    world: World,
) -> None:
    """The newest come first; runs of one millisecond are in the order of their ids."""
    wanted = [(number // 4, f"r{number:02}") for number in range(40)]
    for at, run_id in wanted:
        await world.happened(f"acme/run/{run_id}", asked(run_id, at=at))
    listed: list[tuple[int, str]] = []
    last, number = None, 0
    while page := await world.runs.page_after("acme", last, limit=7):
        listed += [(run.requested_at, run.id) for run in page]
        last = listed[-1]
        number += 1
        await world.happened(f"acme/run/n{number}", asked(f"n{number}", at=50 + number))

    assert listed == sorted(wanted, key=lambda one: (-one[0], one[1]))


async def test_pages_behind_a_run_are_filtered(world: World) -> None:
    for number in range(8):
        of = asked(f"r{number}", at=number, definition=f"d{number % 2}")
        await world.happened(f"acme/run/r{number}", of)

    async def listed(last: tuple[int, str] | None = None, **more: Any) -> list[str]:
        return [run.id for run in await world.runs.page_after("acme", last, limit=9, **more)]

    assert await listed(definition_id="d1", requested=(2, 6)) == ["r5", "r3"]
    assert await listed((5, "r5"), definition_id="d1", requested=(2, None)) == ["r3"]
    assert await listed(statuses=["failed"]) == []
    assert await world.runs.page_after("globex", None, limit=9) == []


async def test_a_definition_is_found_by_its_slug_while_it_has_it(world: World) -> None:
    for number in (1, 2):
        assert await world.definitions.by_slug("acme", "orders") is None
        await world.defined(f"d{number}", slug="orders")
        for _ in range(2):
            found = await world.definitions.by_slug("acme", "orders")
            assert found is not None
            assert found.definition_id == f"d{number}"
        assert await world.definitions.by_slug("globex", "orders") is None
        await world.happened(f"acme/definition/d{number}", DefinitionDeleted(actor=ANN, at=9))


async def test_definitions_come_in_the_order_of_slugs(world: World) -> None:
    for slug in ("c", "a", "b-1", "b"):
        await world.defined(f"d-{slug}", slug=slug)
    await world.happened("acme/definition/d-c", DefinitionDeleted(actor=ANN, at=9))

    async def listed(slug: str, limit: int = 9) -> list[str]:
        return [one.slug for one in await world.definitions.from_slug("acme", slug, limit=limit)]

    assert await listed("") == ["a", "b", "b-1"]
    assert await listed("b", 1) == ["b"]


async def test_runs_are_filtered_by_definition_and_status(world: World) -> None:
    failed = RunFailed(at=9, error=ERROR, step_id="a")
    await world.happened("acme/run/r1", asked("r1"), RunStarted(at=1))
    await world.happened("acme/run/r2", asked("r2"), RunStarted(at=1), failed)
    await world.happened("acme/run/r3", asked("r3", definition="d2"), RunStarted(at=1), failed)
    await world.happened("acme/run/r4", asked("r4"))

    async def listed(**more: Any) -> tuple[set[str], int]:
        found, total = await world.runs.page("acme", **more)
        return {run.id for run in found}, total

    assert await listed(definition_id="d1") == ({"r1", "r2", "r4"}, 3)
    assert await listed(definition_id="d1", statuses=["failed"]) == ({"r2"}, 1)
    assert await listed(statuses=["failed", "pending"]) == ({"r2", "r3", "r4"}, 3)
    assert await listed(definition_id="d3") == (set(), 0)


async def test_runs_are_filtered_by_the_time_of_their_request(world: World) -> None:
    for number in range(5):
        await world.happened(f"acme/run/r{number}", asked(f"r{number}", at=number))

    async def listed(**more: Any) -> tuple[list[str], int]:
        found, total = await world.runs.page("acme", limit=2, **more)
        return [run.id for run in found], total

    assert await listed(requested=(2, None)) == (["r4", "r3"], 3)
    assert await listed(requested=(None, 1)) == (["r1", "r0"], 2)
    assert await listed(requested=(1, 3)) == (["r3", "r2"], 3)
    filtered = await listed(requested=(1, 3), definition_id="d1", statuses=["pending"], offset=2)
    assert filtered == (["r1"], 3)
    assert await listed(requested=(3, 2)) == ([], 0)


async def test_the_history_of_a_run_is_in_the_order_of_its_events(world: World) -> None:
    events = [asked("r1"), RunStarted(at=1)]
    history: list[object] = [*events, started("z"), succeeded("z"), started("a"), BROKE, AGAIN]
    await world.happened("acme/run/r1", *history, started("a", 2, "retry"), DELAY)
    await world.happened("acme/run/r10", asked("r10"), started("other"))
    steps = await world.run_steps.of_run("acme", "r1")

    assert [(step.step_id, step.attempt) for step in steps] == [
        ("z", 1),
        ("a", 1),
        ("a", 2),
        ("wait", 1),
    ]


async def test_active_runs_of_all_tenants_are_paged_by_id(world: World) -> None:
    for number in range(6):
        tenant = ("acme", "globex")[number % 2]
        run = f"r{number}"
        await world.happened(f"{tenant}/run/{run}", asked(run, tenant=tenant), RunStarted(at=1))
    await world.happened("acme/run/r2", RunCompleted(at=5))
    first = await world.runs.active(limit=3)
    second = await world.runs.active(after=first[-1].id, limit=3)

    assert [run.id for run in first] == ["r0", "r1", "r3"]
    assert [run.id for run in second] == ["r4", "r5"]


async def test_due_timers_of_all_tenants_come_earliest_first(world: World) -> None:
    assert await world.timers.due(1_000, 10) == []
    for number, at in enumerate((300, 100, 200, 400)):
        tenant = ("acme", "globex")[number % 2]
        event = replace(DELAY, resume_at=at)
        await world.happened(f"{tenant}/run/r{number}", event)

    assert [one.due_at for one in await world.timers.due(300, 10)] == [100, 200, 300]
    assert [one.run_id for one in await world.timers.due(300, 2)] == ["r1", "r2"]
    assert await world.timers.due(99, 10) == []


async def test_overdue_attempts_of_all_tenants_come_earliest_first(world: World) -> None:
    for number, at in enumerate((300, 100, 200, 400)):
        tenant = ("acme", "globex")[number % 2]
        event = replace(started("a"), deadline_at=at)
        await world.happened(f"{tenant}/run/r{number}", event)
    await world.happened("acme/run/r2", succeeded("a"))

    assert [one.run_id for one in await world.run_steps.overdue(300, 10)] == ["r1", "r0"]
    assert [one.run_id for one in await world.run_steps.overdue(300, 1)] == ["r1"]
    assert await world.timers.due(1_000, 10) == []


async def test_separate_schedules_are_listed_newest_first_and_by_definition(world: World) -> None:
    await world.defined("d1", EVERY_MINUTE)
    for tenant, ident, of in (
        ("acme", "s0", "d1"),
        ("acme", "s1", "d2"),
        ("acme", "s2", "d1"),
        ("globex", "s3", "d1"),
    ):
        timetable = EVERY_MINUTE.timetable
        made = ScheduleCreated(definition_id=of, timetable=timetable, actor=ANN, at=int(ident[1]))
        await world.happened(f"{tenant}/schedule/{ident}", made)

    page, total = await world.schedules.page("acme", limit=2)
    behind, _ = await world.schedules.page("acme", offset=2, limit=2)
    of_one, count = await world.schedules.page("acme", definition_id="d1")
    every = [one.id async for one in world.schedules.of_definition("acme", "d1")]

    assert ([one.id for one in page], [one.id for one in behind], total) == (
        ["s2", "s1"],
        ["s0"],
        3,
    )
    assert ([one.id for one in of_one], count, every) == (["s2", "s0"], 2, ["s0", "s2"])


async def test_a_definition_is_found_by_its_slug_until_it_is_deleted(world: World) -> None:
    await world.defined("d1", slug="orders")
    found = await world.definitions.by_slug("acme", "orders")
    elsewhere = await world.definitions.by_slug("globex", "orders")
    await world.happened("acme/definition/d1", DefinitionDeleted(actor=ANN, at=9))

    assert found is not None
    assert found.definition_id == "d1"
    assert elsewhere is await world.definitions.by_slug("acme", "orders") is None


async def test_active_schedules_are_found_across_tenants(world: World) -> None:
    await world.defined("d1", EVERY_MINUTE)
    await world.defined("d2", EVERY_MINUTE, tenant="globex")
    await world.defined("d3", EVERY_MINUTE, status="paused")
    await world.defined("d4")

    assert [one.id async for one in world.schedules.active()] == ["d1", "d2"]
    paused = await world.schedules.get("acme", "d3")
    assert paused is not None
    assert not paused.active


async def test_a_page_is_read_from_many_runs(world: World) -> None:
    many = [(f"acme/run/r{n:05}", asked(f"r{n:05}", at=n)) for n in range(3_000)]
    await world.all_happened(many)
    found, total = await world.runs.page("acme", definition_id="d1", offset=1_500, limit=2)

    assert [run.id for run in found] == ["r01499", "r01498"]
    assert total == 3_000
    assert isinstance(found[0], Run)


class AskedViews(MemoryViewStore):
    """Views that remember the limits of the queries."""

    def __init__(self) -> None:
        super().__init__()
        self.limits: list[int] = []

    async def find(self, query: Query) -> Page:
        self.limits.append(query.limit)
        return await super().find(query)


async def test_runs_are_counted_without_reading_one() -> None:
    store = AskedViews()
    await store.prepare(tables_of(every_view()))
    runs = RunQueries(store)
    assert await runs.count("acme", RunFilter(requested=(1, 2))) == 0
    assert await runs.count_open("acme", "d1") == 0

    assert store.limits == [0, 0]


def test_a_query_without_rows_has_no_statement_for_them() -> None:
    table = ViewTable(Table(name="things"))
    query = Query(table="things", tenant="acme", limit=0, count=True)
    assert table.page([query]) == (None, table.count(query))
    assert table.page([query, query]) == (None, table.count_any([query, query]))
