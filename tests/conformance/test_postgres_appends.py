"""Appends to PostgreSQL when connections break, servers crash, and many processes append."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder

from baton.backends.postgres import BACKEND, database
from baton.backends.postgres.events import append_notifications, appender
from baton.backends.postgres.schema import migrate
from baton.eventlog.errors import Unavailable, Unwritable
from baton.eventlog.events.codec import encode
from baton.eventlog.events.envelope import Appended, Conflict, Recorded
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.eventlog.ports.stores import Subscription
from tests.conformance.deployments import appended, happened, write
from tests.conformance.test_postgres_recorder import datastore_of
from tests.kit.eventually import eventually
from tests.servers.availability import skip_or_fail
from tests.servers.local_postgres import LocalPostgres, postgres_programs
from tests.servers.postgres import database_for
from tests.servers.proxy import Loss, Proxy

KEY = b"a key for tests, 32 bytes long.."


async def opened(url: str) -> Stores:
    return await BACKEND.open(StoreLocation(url=url, secrets_keys=(KEY,)))


@pytest.fixture
async def url(tmp_path: Path) -> str:
    return await database_for(tmp_path)


@pytest.fixture
async def stores(url: str) -> AsyncIterator[Stores]:
    stores = await opened(url)
    yield stores
    await stores.close()


@pytest.fixture
async def connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


@pytest.fixture
async def proxy(url: str) -> AsyncIterator[Proxy]:
    async with Proxy(url) as proxy:
        yield proxy


@pytest.fixture
async def proxied(proxy: Proxy) -> AsyncIterator[Stores]:
    stores = await opened(proxy.url)
    yield stores
    await stores.close()


@pytest.fixture
def no_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Followers read only after a notification, because the next poll is far away."""
    monkeypatch.setattr(append_notifications, "POLL_S", 600)


async def everything(stores: Stores) -> Sequence[Recorded]:
    return await stores.events.read_all(after=0, limit=1_000_000)


@pytest.mark.parametrize("loss", ["request", "answer"])
async def test_a_commit_whose_answer_is_lost_is_detected(
    loss: Loss, proxied: Stores, proxy: Proxy
) -> None:
    await appended(proxied, write("r0", 0, 1))
    proxy.drop_next(loss, b"acme/run/lost")
    first = await asyncio.gather(
        *(appended(proxied, write(name, 0, 2, 3)) for name in ("lost", "r1", "r2"))
    )
    last = await appended(proxied, write("lost", 2, 4))

    assert proxy.disturbances == 1
    assert list(await everything(proxied))[1:] == [
        *(one for result in first for one in result.recorded),
        *last.recorded,
    ]


async def test_a_conflict_whose_answer_is_lost_is_detected(
    proxied: Stores, stores: Stores, proxy: Proxy
) -> None:
    await appended(proxied, write("r0", 0, 1))
    await appended(stores, write("taken", 0, 1))
    proxy.drop_next("answer", b"acme/run/taken")
    results = await asyncio.gather(
        proxied.events.append([write("r1", 0, 2), write("taken", 0, 3)]),
        proxied.events.append([write("r2", 0, 4)]),
    )

    assert proxy.disturbances == 1
    assert results[0] == Conflict("acme/run/taken")
    assert isinstance(results[1], Appended)
    assert [one.stream for one in await everything(stores)] == [
        "acme/run/r0",
        "acme/run/taken",
        "acme/run/r2",
    ]


async def test_a_batch_that_arrives_after_it_was_abandoned_is_refused(
    stores: Stores, connection: asyncpg.Connection
) -> None:
    await appended(stores, write("r1", 0, 1))
    ((name, batch),) = await connection.fetch("SELECT appender, batch FROM baton.append_receipts")
    abandoned = await connection.fetchval(appender._ABANDON_BATCH, name, batch + 1)
    late: tuple[list[Any], ...] = (
        [0],
        ["acme/run/late"],
        [1],
        ["run.RunStarted"],
        [b"{}"],
        [],
        [],
        [],
    )

    assert abandoned == batch + 1
    with pytest.raises(asyncpg.SerializationError, match="was abandoned"):
        await connection.fetch(appender._APPEND, name, batch + 1, *late)
    assert len(await everything(stores)) == 1


async def test_an_append_continues_another_process_stream_but_leaves_no_gap(
    url: str, stores: Stores
) -> None:
    await appended(stores, write("theirs", 0, 1, 2))
    other = await opened(url)
    results = await asyncio.gather(
        other.events.append([write("first", 0, 3)]),
        other.events.append([write("theirs", 2, 4)]),
        other.events.append([write("whole", 0, 5), write("unheard-of", 1, 6)]),
        other.events.append([write("last", 0, 7)]),
    )
    await other.close()

    assert [isinstance(one, Appended) for one in results] == [True, True, False, True]
    assert results[2] == Conflict("acme/run/unheard-of")
    assert [(one.stream, one.version) for one in await everything(stores)] == [
        ("acme/run/theirs", 1),
        ("acme/run/theirs", 2),
        ("acme/run/first", 1),
        ("acme/run/theirs", 3),
        ("acme/run/last", 1),
    ]


async def test_a_follower_sees_a_commit_whose_answer_was_lost(
    proxied: Stores, proxy: Proxy, no_polling: None
) -> None:
    subscription = await proxied.log.subscribe("projector", after=0)
    await appended(proxied, write("r0", 0, 1))
    first = await seen(subscription, 1)
    proxy.drop_next("answer", b"acme/run/lost")
    lost = await appended(proxied, write("lost", 0, 2))

    assert [*first, *await seen(subscription, 1)][1:] == list(lost.recorded)


async def test_a_follower_sees_an_event_without_a_notification(
    stores: Stores, connection: asyncpg.Connection
) -> None:
    subscription = await stores.log.subscribe("projector", after=0)
    waiting = asyncio.create_task(seen(subscription, 1))
    (event,) = happened(7)
    await connection.execute(
        "INSERT INTO public.stored_events VALUES ('acme/run/r1', 1, 'run.RunStarted', $1)",
        encode(event),
    )

    assert [one.event for one in await waiting] == [event]


async def test_an_append_to_an_unresponsive_server_times_out(
    proxied: Stores, stores: Stores, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender, "ATTEMPT_TIMEOUT_S", 0.2)
    monkeypatch.setattr(appender, "RETRY", replace(appender.RETRY, give_up_after_s=0.3))
    monkeypatch.setattr(database, "CONNECT_TIMEOUT_S", 0.2)
    proxy.stall()
    with pytest.raises(Unavailable):
        await proxied.events.append([write("r1", 0, 1)])
    proxy.resume()
    proxy.break_connections()
    result = await appended(proxied, write("r2", 0, 2))

    assert list(await everything(stores)) == list(result.recorded)


async def test_appends_continue_while_connections_are_killed(
    stores: Stores, connection: asyncpg.Connection
) -> None:
    killed = 0

    async def writing(number: int) -> None:
        for version in range(30):
            await appended(stores, write(f"a{number}", version, 1), write(f"b{number}", version, 2))

    writers = asyncio.gather(*(writing(number) for number in range(10)))
    while not writers.done():
        await connection.execute("SELECT pg_sleep(0.05)")
        killed += await connection.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND query LIKE '%baton.append(%'"
        )
    await writers

    assert killed
    for name in (f"{letter}{number}" for letter in "ab" for number in range(10)):
        read = await stores.events.read(f"acme/run/{name}")
        assert [one.version for one in read] == list(range(1, 31))


async def test_acknowledged_appends_survive_a_server_crash() -> None:
    found = postgres_programs() or skip_or_fail("PostgreSQL", "no local server to crash")
    server = LocalPostgres(found)
    server.start()
    try:
        await migrate(server.url)
        stores = await opened(server.url)
        await _crash_under_load(server, stores)
        await stores.close()
    finally:
        server.remove()


async def _crash_under_load(server: LocalPostgres, stores: Stores) -> None:
    acknowledged = dict.fromkeys(range(8), 0)
    refused = 0
    done = asyncio.Event()

    async def writing(number: int) -> None:
        nonlocal refused
        while not done.is_set():
            version = acknowledged[number]
            try:
                result = await stores.events.append([write(f"r{number}", version, version)])
                assert isinstance(result, Appended)
                acknowledged[number] += 1
            except Unavailable:
                refused += 1

    subscription = await stores.log.subscribe("projector", after=0)
    writers = [asyncio.create_task(writing(number)) for number in acknowledged]
    for _ in range(2):
        await seen(subscription, 50)
        await asyncio.to_thread(server.stop, signal.SIGQUIT)
        await asyncio.to_thread(server.start)
    done.set()
    await asyncio.gather(*writers)

    for number, version in acknowledged.items():
        read = await stores.events.read(f"acme/run/r{number}")
        assert [one.version for one in read] == list(range(1, version + 1))
    assert min(acknowledged.values()) > 5


async def seen(subscription: Subscription, count: int) -> list[Recorded]:
    """Follow until `count` events have arrived, retrying after failures as `follow` does."""
    found: list[Recorded] = []
    async with asyncio.timeout(60):
        while len(found) < count:
            try:
                found += await subscription.next()
            except Unavailable:
                await asyncio.sleep(0.05)
    return found


async def test_followers_in_every_process_see_every_event_in_order(
    url: str, no_polling: None
) -> None:
    """Three processes and the library's recorder append; each process follows from position 0."""
    processes = [await opened(url) for _ in range(3)]
    followers = [await one.log.subscribe("projector", after=0) for one in processes]
    following = [asyncio.create_task(seen(follower, 3 * 150 + 30)) for follower in followers]
    datastore = datastore_of(url)
    recorder = PostgresApplicationRecorder(datastore)
    (event,) = happened(7)

    async def writing(stores: Stores, name: str) -> None:
        for turn in range(25):
            await asyncio.gather(
                *(appended(stores, write(f"{name}-{turn}-{n}", 0, turn)) for n in range(6))
            )

    def of_the_library() -> None:
        for turn in range(30):
            stored = StoredEvent(f"acme/run/lib{turn}", 1, "run.RunStarted", encode(event))
            recorder.insert_events([stored])

    await asyncio.gather(
        *(writing(stores, f"p{number}") for number, stores in enumerate(processes)),
        asyncio.to_thread(of_the_library),
    )
    logs = await asyncio.gather(*following)

    whole = list(await everything(processes[0]))
    assert len(whole) == 480
    assert all(log == whole for log in logs)
    assert all(before.position < after.position for before, after in pairwise(whole))
    datastore.close()
    for stores in processes:
        await stores.close()


async def test_processes_racing_for_a_stream_append_whole_and_lose_nothing(url: str) -> None:
    processes = [await opened(url) for _ in range(3)]

    async def writing(stores: Stores, number: int) -> int:
        won = 0
        for turn in range(30):
            contested = f"r{turn % 3}"
            version = len(await stores.events.read(f"acme/run/{contested}"))
            own = write(f"own{number}", won, turn)
            result = await stores.events.append([own, write(contested, version, number)])
            won += isinstance(result, Appended)
        return won

    won = await asyncio.gather(*(writing(processes[number % 3], number) for number in range(9)))
    whole = await everything(processes[0])

    assert 0 < sum(won) < 9 * 30
    assert len(whole) == 2 * sum(won)
    for number, count in enumerate(won):
        assert len(await processes[0].events.read(f"acme/run/own{number}")) == count
    for stores in processes:
        await stores.close()


async def test_a_running_vacuum_blocks_no_append(
    stores: Stores, connection: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await connection.execute("LOCK TABLE public.stored_events IN SHARE UPDATE EXCLUSIVE MODE")

        result = await asyncio.wait_for(appended(stores, write("r1", 0, 1)), 3)
    assert list(await everything(stores)) == list(result.recorded)


async def test_a_writer_without_the_lock_is_detected(
    stores: Stores, connection: asyncpg.Connection
) -> None:
    """It draws a position in the middle of a batch, which must not get wrong positions."""
    await connection.execute(
        """
        CREATE SEQUENCE public.drawn;
        CREATE FUNCTION public.draw() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.originator_id = 'acme/run/r1' AND nextval('public.drawn') = 1 THEN
                PERFORM nextval('public.stored_events_notification_id_seq');
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER draw BEFORE INSERT ON public.stored_events
        FOR EACH ROW EXECUTE FUNCTION public.draw();
        """
    )
    try:
        result = await appended(stores, write("r0", 0, 1), write("r1", 0, 2), write("r2", 0, 3))
        assert await connection.fetchval("SELECT last_value FROM public.drawn") > 1
    finally:
        await connection.execute(
            "DROP TRIGGER draw ON public.stored_events;"
            "DROP FUNCTION public.draw; DROP SEQUENCE public.drawn"
        )

    assert list(await everything(stores)) == list(result.recorded)


@pytest.mark.parametrize("stream", ["acme/run/a\0b", "acme/run/\ud800"])
async def test_a_stream_name_that_cannot_be_stored_fails_only_its_own_append(
    stores: Stores, stream: str
) -> None:
    bad, good = write(stream.removeprefix("acme/run/"), 0, 1), write("good", 0, 1)
    results = await asyncio.gather(
        stores.events.append([bad]), stores.events.append([good]), return_exceptions=True
    )

    assert isinstance(results[0], Unwritable)
    assert isinstance(results[1], Appended)


async def test_a_stream_name_that_cannot_be_stored_has_no_events(stores: Stores) -> None:
    assert list(await stores.events.read("acme/run/a\0b")) == []


async def until_alone(connection: asyncpg.Connection) -> None:
    """Wait until the database has no other connection."""

    async def is_alone() -> bool:
        others = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(others) == 0

    await eventually(is_alone)


APPENDING = """
import asyncio, sys
from baton.backends.postgres import BACKEND
from baton.eventlog.ports.backend import StoreLocation
from tests.conformance.deployments import write

async def main():
    stores = await BACKEND.open(StoreLocation(url=sys.argv[1], secrets_keys=(b"x" * 16,)))
    async def appending(number):
        for version in range(10_000):
            a, b = write(f"a{number}", version * 2, 1, 2), write(f"b{number}", version, 3)
            await stores.events.append([a, b])
            print(number, version + 1, flush=True)
    await asyncio.gather(*(appending(number) for number in range(8)))

asyncio.run(main())
"""


async def test_acknowledged_appends_of_a_killed_process_are_stored_whole(
    url: str, connection: asyncpg.Connection
) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", APPENDING, url, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout
    lines = [await child.stdout.readline() for _ in range(100)]
    child.kill()
    lines += (await child.stdout.read()).splitlines(keepends=True)
    assert await child.wait() == -9
    acknowledged = dict.fromkeys(range(8), 0)
    for line in lines:
        if line.endswith(b"\n"):
            number, version = (int(part) for part in line.split())
            acknowledged[number] = version

    await until_alone(connection)  # its running statements have ended
    stores = await opened(url)
    # One read, because a statement of the killed process could end between two.
    seen = Counter(one.stream for one in await stores.events.read_all(after=0, limit=100_000))
    for number, version in acknowledged.items():
        assert seen[f"acme/run/b{number}"] >= version
        assert seen[f"acme/run/a{number}"] == 2 * seen[f"acme/run/b{number}"]
    after = await appended(stores, write("after", 0, 1))
    assert after.position == await stores.events.head()
    await stores.close()


async def test_a_closed_store_leaves_no_connection_and_no_receipt(
    url: str, connection: asyncpg.Connection
) -> None:
    stores = await opened(url)
    subscription = await stores.log.subscribe("projector", after=0)
    await appended(stores, write("r1", 0, 1))
    assert await seen(subscription, 1)
    await asyncio.gather(*(stores.events.read("acme/run/r1") for _ in range(20)))
    await stores.close()

    await until_alone(connection)
    assert await connection.fetchval("SELECT count(*) FROM baton.append_receipts") == 0
