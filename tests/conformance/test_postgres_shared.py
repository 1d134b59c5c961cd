"""Processes that share a PostgreSQL database: writers, followers and readers."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from baton.backends.postgres import BACKEND
from baton.backends.postgres.database import connect_to_write, open_database
from baton.backends.postgres.errors import as_unavailable
from baton.backends.postgres.leases import PostgresLeases, offset_s
from baton.backends.postgres.views import checkpoint_notifications
from baton.backends.postgres.views.view_store import PostgresViewStore
from baton.domain.run.messages.step_events import DelayStarted
from baton.eventlog.errors import InUse, QueryTooSlow, Unavailable, Unreadable
from baton.eventlog.events.envelope import Recorded, Write
from baton.eventlog.idempotency import ABANDONED_MS
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.eventlog.ports.keys import StoredResponse
from baton.eventlog.ports.views import Change, Filter, Query, Row, Table
from baton.projector.views import every_view
from tests.conformance.deployments import appended, write
from tests.conformance.test_every_view_store import ORDERS, RUNS, TIMERS, run
from tests.kit.eventually import eventually
from tests.servers.postgres import database_for

KEY = b"a key for tests, 32 bytes long.."
DELAY = DelayStarted(step_id="wait", visit=1, delay_ms=5, resume_at=35, at=30)
LISTENERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND query ILIKE 'listen%baton_views%'"""
THINGS = Table(name="things")
THING = Change(table="things", upserts=[Row("acme", "k", b"{}")])


@pytest.fixture
async def location(tmp_path: Path) -> StoreLocation:
    return StoreLocation(url=await database_for(tmp_path), secrets_keys=(KEY,))


@pytest.fixture
async def one(location: StoreLocation) -> AsyncIterator[Stores]:
    stores = await BACKEND.open(location)
    yield stores
    await stores.close()


@pytest.fixture
async def other(location: StoreLocation) -> AsyncIterator[Stores]:
    stores = await BACKEND.open(location)
    yield stores
    await stores.close()


@pytest.fixture
async def reader(location: StoreLocation) -> AsyncIterator[Stores]:
    stores = await BACKEND.open(replace(location, read_only=True))
    yield stores
    await stores.close()


@pytest.fixture
async def connection(location: StoreLocation) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(location.url)
    yield connection
    await connection.close()


async def until_listening(connection: asyncpg.Connection, count: int) -> None:
    """Wait until `count` connections listen for checkpoints of the views."""

    async def all_listen() -> bool:
        return int(await connection.fetchval(LISTENERS)) == count

    await eventually(all_listen)


async def test_a_process_sees_the_views_of_another(one: Stores, other: Stores) -> None:
    for stores in (one, other):
        await stores.views.prepare([THINGS])
    await one.views.commit([THING], checkpoint=3)

    assert await other.views.checkpoint() == 3
    assert await other.views.get("things", "acme", "k") == b"{}"


async def test_a_replaced_projector_changes_nothing(one: Stores, other: Stores) -> None:
    for stores in (one, other):
        await stores.views.prepare([THINGS])
    await one.views.commit([], checkpoint=3)
    await other.views.prepare([THINGS])
    await other.views.commit([THING], checkpoint=5)
    late = Change(table="things", upserts=[Row("acme", "k", b"late")], deletes=[("acme", "l")])

    with pytest.raises(InUse):
        await one.views.commit([late], checkpoint=4)
    assert await other.views.checkpoint() == 5
    assert await other.views.get("things", "acme", "k") == b"{}"


async def test_a_page_of_a_table_that_grew_since_analyze_uses_the_index(one: Stores) -> None:
    rows = [run(f"r{number:05d}", at=number) for number in range(3_000)]
    await one.views.prepare([RUNS])
    await one.views.commit([Change(table="runs", upserts=rows)], checkpoint=1)
    views = one.views
    assert isinstance(views, PostgresViewStore)
    order = (("requested_at", "desc"), ("key", "desc"))
    query = Query(table="runs", tenant="acme", order=order, limit=20)  # type: ignore[arg-type]
    statement, values = views.tables["runs"].select(query)
    plan = await views.database.fetch(f"EXPLAIN (ANALYZE, TIMING off) {statement}", *values)
    read = [int(found) for (line,) in plan for found in re.findall(r"actual rows=(\d+)", line)]

    assert read
    assert max(read) < 100, plan


async def test_checkpoints_are_followed_again_after_a_pause(
    one: Stores, other: Stores, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_notifications, "PAUSE_AFTER_S", 0.01)
    monkeypatch.setattr(checkpoint_notifications, "POLL_S", 600)
    await one.views.prepare([THINGS])
    assert other.view_progress
    assert await other.view_progress.attach([THINGS])
    for checkpoint in (3, 5, 8):
        hearing = asyncio.create_task(other.view_progress.next_checkpoint(checkpoint - 1))
        await until_listening(connection, 1)
        await one.views.commit([THING], checkpoint=checkpoint)
        assert await asyncio.wait_for(hearing, 10) == checkpoint
        await until_listening(connection, 0)


async def test_a_view_commit_whose_answer_is_lost_can_be_repeated(one: Stores) -> None:
    await one.views.prepare([ORDERS])
    views = one.views
    assert isinstance(views, PostgresViewStore)
    before = views.written
    order = Change(table="orders", upserts=[Row("acme", "k", b"{}", ("x", 1, "a"))])
    await views.commit([order], checkpoint=3)
    views.written = before
    await views.commit([order], checkpoint=3)

    assert await views.checkpoint() == 3
    assert (await views.find(Query(table="orders", tenant="acme", count=True))).total == 1


async def test_a_follower_of_some_classes_gets_all_their_events_and_few_others(
    location: StoreLocation, other: Stores
) -> None:
    one = await BACKEND.open(replace(location, followed=frozenset((DelayStarted,))))
    subscription = await one.log.subscribe("some", after=0)
    wanted: list[int] = []
    seen: list[Recorded] = []
    for number in range(25):
        await appended(other, write(f"r{number}", 0, *range(99)))
        delayed = await appended(
            other, Write(stream=f"acme/run/d{number}", expected=0, events=[DELAY])
        )
        wanted.append(delayed.position)
    await appended(other, *(write(f"r{number}", 99, *range(120)) for number in range(25)))
    last = await one.events.head()
    while not seen or seen[-1].position < last:
        seen += await asyncio.wait_for(subscription.next(), 10)

    assert [it.position for it in seen if isinstance(it.event, DelayStarted)] == wanted
    assert len(seen) < len(wanted) + 50
    await subscription.close()
    await one.close()


async def test_other_processes_read_a_promoted_set_at_once(one: Stores, other: Stores) -> None:
    for stores in (one, other):
        await stores.views.prepare([RUNS, TIMERS])
    await one.views.commit([Change(table="runs", upserts=[run("old")])], checkpoint=3)
    assert [row.key for row in await other.views.scan("runs")] == ["old"]
    (first,) = await one.view_sets.every()
    number = await one.view_sets.create([RUNS, TIMERS], at=1)
    built = await one.view_sets.open(number)
    await built.commit([Change(table="runs", upserts=[run("new")])], checkpoint=4)
    await one.view_sets.promote(number)

    assert [row.key for row in await other.views.scan("runs")] == ["new"]
    assert await other.views.checkpoint() == 4
    await one.views.commit([Change(table="runs", upserts=[run("later")])], checkpoint=5)
    assert await other.views.get("runs", "acme", "later") is None
    await other.view_sets.promote(first.number)
    assert [row.key for row in await other.views.scan("runs")] == ["later", "old"]


async def test_only_the_live_set_notifies_its_followers(one: Stores, other: Stores) -> None:
    await one.views.prepare([THINGS])
    assert other.view_progress
    assert await other.view_progress.attach([THINGS])
    number = await one.view_sets.create([THINGS], at=1)
    built = await one.view_sets.open(number)
    await one.views.commit([THING], checkpoint=3)
    assert await other.view_progress.next_checkpoint(0) == 3
    following = asyncio.create_task(other.view_progress.next_checkpoint(3))
    await built.commit([THING], checkpoint=5)
    await asyncio.wait((following,), timeout=0.6)
    assert not following.done()
    await one.view_sets.promote(number)
    await built.commit([THING], checkpoint=6)

    assert await asyncio.wait_for(following, 10) in (5, 6)


async def test_a_promotion_waits_while_the_live_set_stands_still(
    one: Stores, other: Stores
) -> None:
    await one.views.prepare([THINGS])
    await one.views.commit([THING], checkpoint=3)
    number = await one.view_sets.create([THINGS], at=1)
    built = await one.view_sets.open(number)
    promoting = asyncio.create_task(other.view_sets.promote(number))
    await asyncio.sleep(0.1)
    later = asyncio.create_task(one.views.commit([THING], checkpoint=4))
    await built.commit([THING], checkpoint=3)

    assert await promoting == 2
    await later
    assert await other.views.checkpoint() == 0  # it wasn't prepared
    await other.views.prepare([THINGS])
    assert await other.views.checkpoint() == 3


async def test_concurrent_preparations_create_one_set_of_tables(one: Stores, other: Stores) -> None:
    await asyncio.gather(*(stores.views.prepare([THINGS]) for stores in (one, other)))
    await one.views.commit([THING], checkpoint=3)

    assert await other.views.get("things", "acme", "k") == b"{}"


async def test_a_follower_wakes_after_its_listening_connection_is_killed(
    one: Stores, other: Stores, connection: asyncpg.Connection
) -> None:
    subscription = await one.log.subscribe("projector", after=0)

    async def next_events() -> list[Recorded]:
        while True:
            with suppress(Unavailable):  # the kill may meet a read; a follower then reads again
                return list(await subscription.next())

    waiting = asyncio.create_task(next_events())
    listening = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'baton follower'"
        " AND state = 'idle' AND query <> ''"
    )
    async with asyncio.timeout(5):
        while not await connection.fetchval(listening):
            await connection.execute("SELECT pg_sleep(0.01)")
    result = await appended(other, write("r1", 0, 1))

    assert await asyncio.wait_for(waiting, 10) == list(result.recorded)


async def test_a_follower_may_begin_after_the_newest_event_its_process_has_read(
    one: Stores, other: Stores
) -> None:
    await one.log.subscribe("executor", after=0)
    result = await appended(other, write("r1", 0, 1, 2))
    subscription = await one.log.subscribe("projector", after=result.position)
    last = await appended(other, write("r1", 2, 3))

    assert list(await asyncio.wait_for(subscription.next(), 10)) == list(last.recorded)


async def test_read_only_stores_refuse_writes(one: Stores, reader: Stores) -> None:
    await one.views.prepare([THINGS])
    await reader.views.prepare([THINGS])
    result = await appended(one, write("r1", 0, 1, 2))
    await one.views.commit([THING], checkpoint=2)

    assert list(await reader.events.read_all(after=0, limit=9)) == list(result.recorded)
    page = await reader.views.find(Query(table="things", tenant="acme"))
    assert page.rows == [Row("acme", "k", b"{}")]
    for refused in (
        reader.events.append([write("r2", 0, 1)]),
        reader.views.commit([], checkpoint=9),
        reader.checkpoints.save("x", 1),
        reader.secrets.put("acme", "s", "v"),
        reader.views.prepare([RUNS]),
    ):
        with pytest.raises(Unavailable, match="reading only"):
            await refused


async def test_a_reader_rebuilds_into_temporary_tables(
    one: Stores, reader: Stores, connection: asyncpg.Connection
) -> None:
    await one.views.prepare([RUNS])
    await one.views.commit([Change(table="runs", upserts=[run("r1")])], checkpoint=2)
    await reader.views.prepare([RUNS])
    schemas = "SELECT count(*) FROM pg_namespace WHERE starts_with(nspname, 'baton_views')"
    before = await connection.fetchval(schemas)
    fresh = await reader.view_sets.open_temporary([RUNS])
    await fresh.commit([Change(table="runs", upserts=[run("r1")])], checkpoint=2)

    assert await fresh.scan("runs") == await reader.views.scan("runs")
    assert await fresh.checkpoint() == 2
    assert await connection.fetchval(schemas) == before
    with pytest.raises(Unavailable):
        await reader.view_sets.create([RUNS], at=1)
    await fresh.close()


async def test_one_of_several_processes_claims_a_key(one: Stores, other: Stores) -> None:
    claims = await asyncio.gather(
        *(
            stores.keys.claim("acme", "k", fingerprint="f", at=1)
            for stores in (one, other)
            for _ in range(10)
        )
    )
    assert [claim.outcome for claim in claims].count("claimed") == 1
    answer = StoredResponse(status=201, headers=(), body=b"{}")
    await one.keys.complete("acme", "k", response=answer)

    found = await other.keys.claim("acme", "k", fingerprint="f", at=2)
    assert (found.outcome, found.response) == ("answered", answer)


async def test_one_process_takes_over_an_abandoned_claim(one: Stores, other: Stores) -> None:
    for number in range(10):
        await one.keys.claim("acme", f"k{number}", fingerprint="f", at=1)
        claims = await asyncio.gather(
            *(
                stores.keys.claim("acme", f"k{number}", fingerprint="f", at=ABANDONED_MS + 1)
                for stores in (one, other)
                for _ in range(5)
            )
        )
        assert [claim.outcome for claim in claims].count("claimed") == 1


@pytest.mark.parametrize(("configured", "used"), [("off", "on"), ("remote_apply",) * 2])
async def test_commits_wait_for_the_disk_whatever_the_server_does_by_default(
    location: StoreLocation, connection: asyncpg.Connection, configured: str, used: str
) -> None:
    assert location.url
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = {configured}')
    database = await open_database(location.url)
    ((of_pool,),) = await database.fetch("SHOW synchronous_commit")
    of_appends = await connect_to_write(location.url)

    assert of_pool == used
    assert await of_appends.fetchval("SHOW synchronous_commit") == used
    await of_appends.close()
    await database.close()


async def test_a_query_that_takes_too_long_is_ended_by_the_server(location: StoreLocation) -> None:
    assert location.url
    database = await open_database(location.url)
    (row,) = await database.fetch("SHOW statement_timeout")
    assert row[0] == "25s"
    async with database.connection() as connection:
        await connection.execute("SET statement_timeout = '20ms'")
        with pytest.raises(QueryTooSlow), as_unavailable():
            await connection.fetch("SELECT pg_sleep(60)")
    await database.close()


@pytest.mark.parametrize("wrong_s", [-7_200.0, -1.5, 0.0, 1.5, 7_200.0])
async def test_a_lease_expires_by_the_clock_of_the_database(
    location: StoreLocation, wrong_s: float
) -> None:
    """A host whose clock is hours off neither takes a lease early nor keeps it too long."""
    assert location.url
    database = await open_database(location.url)
    right = PostgresLeases(database)
    wrong = PostgresLeases(database, wall=lambda: time.time() + wrong_s)
    now = int(time.time() * 1_000)
    theirs = now + int(wrong_s * 1_000)
    held = await right.acquire("scheduler", holder="a", ttl_ms=60_000, at=now)

    assert held is not None
    assert await wrong.acquire("scheduler", holder="b", ttl_ms=60_000, at=theirs) is None
    await right.release(held)
    taken = await wrong.acquire("scheduler", holder="b", ttl_ms=1, at=theirs)
    assert taken is not None
    assert taken.epoch == 2
    assert await right.acquire("scheduler", holder="a", ttl_ms=60_000, at=now + 10_000) is not None
    await database.close()


@pytest.mark.parametrize(
    ("asked", "now", "answered", "offset"),
    [(5.0, 5.0, 5.0, 0.0), (5.0, 5.5, 6.0, 0.0), (5.0, 7.0, 6.0, 1.0), (5.0, 3.0, 6.0, -2.0)],
)
def test_a_clock_is_corrected_by_the_certain_part_of_its_error(
    asked: float, now: float, answered: float, offset: float
) -> None:
    assert offset_s(asked, now, answered) == offset


async def test_a_secret_is_encrypted_and_needs_its_key(
    location: StoreLocation, one: Stores, connection: asyncpg.Connection
) -> None:
    await one.secrets.put("acme", "s1", "whsec_geheim")
    stored = await connection.fetch("SELECT * FROM baton.secrets")
    stranger = await BACKEND.open(replace(location, secrets_keys=(b"another key, as long",)))

    assert len(stored) == 1
    assert b"whsec_geheim" not in stored[0]["sealed"]
    with pytest.raises(Unreadable, match="s1"):
        await stranger.secrets.get("acme", "s1")
    await connection.execute("UPDATE baton.secrets SET tenant = 'other'")
    with pytest.raises(Unreadable):
        await one.secrets.get("other", "s1")
    await stranger.close()


async def test_a_damaged_event_is_named_and_other_events_are_read(
    one: Stores, connection: asyncpg.Connection
) -> None:
    await appended(one, write("bad", 0, 1, 2), write("good", 0, 3))
    await connection.execute(
        "UPDATE public.stored_events SET state = substr(state, 2)"
        " WHERE originator_id = 'acme/run/bad' AND originator_version = 2"
    )

    with pytest.raises(Unreadable, match="acme/run/bad version 2"):
        await one.events.read("acme/run/bad")
    assert len(await one.events.read("acme/run/good")) == 1


async def test_a_lookup_by_text_that_cannot_be_stored_finds_nothing(one: Stores) -> None:
    await one.views.prepare([RUNS])
    await one.views.commit([Change(table="runs", upserts=[run("r1")])], checkpoint=1)
    where = (Filter(column="status", op="=", value="run\0ning"),)

    assert await one.views.get("runs", "acme", "r\0") is None
    page = await one.views.find(Query(table="runs", tenant="acme", where=where, count=True))
    assert (list(page.rows), page.total) == ([], 0)


PAGES = [
    (RUNS, Query(table="runs", tenant="acme", order=(("requested_at", "desc"),))),
    (RUNS, Query(table="runs", tenant="acme", order=(("requested_at", "asc"),))),
    (
        RUNS,
        Query(
            table="runs",
            tenant="acme",
            where=(Filter(column="status", op="=", value="running"),),
            order=(("requested_at", "desc"),),
        ),
    ),
    (RUNS, Query(table="runs", tenant="acme")),
]


@pytest.mark.parametrize(("table", "query"), PAGES)
async def test_a_page_is_read_along_an_index_without_sorting(
    one: Stores, connection: asyncpg.Connection, table: Table, query: Query
) -> None:
    views = one.views
    assert isinstance(views, PostgresViewStore)
    await views.prepare([table])
    rows = [run(f"r{n:05d}", "running" if n % 3 else "failed", n % 900) for n in range(9_000)]
    await views.commit([Change(table="runs", upserts=rows)], checkpoint=1)
    await connection.execute(f'ANALYZE {views.written.schema}."runs"')
    statement, values = views.tables["runs"].select(replace(query, limit=20))
    plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {statement}", *values))

    assert "Index" in plan
    assert "Seq Scan" not in plan
    assert "Sort Key" not in plan or "Presorted Key" in plan


async def test_every_view_of_this_release_can_be_stored(one: Stores) -> None:
    await one.views.prepare([view.table for view in every_view()])

    for view in every_view():
        assert list(await one.views.scan(view.name)) == []
