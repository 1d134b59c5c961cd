"""The outbox in PostgreSQL reads only when needed, and survives a lost connection."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from baton.backends.postgres import BACKEND
from baton.backends.postgres.events import append_notifications
from baton.backends.postgres.events.outbox import PostgresOutbox
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.backend import StoreLocation, Stores
from tests.conformance.deployments import appended, write
from tests.kit.eventually import eventually
from tests.servers.postgres import database_for

KILL = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'baton follower'"""


@pytest.fixture
async def url(tmp_path: Path) -> str:
    return await database_for(tmp_path)


@pytest.fixture
async def stores(url: str) -> AsyncIterator[Stores]:
    stores = await BACKEND.open(
        StoreLocation(url=url, secrets_keys=(b"a key for tests, 32 bytes long..",))
    )
    yield stores
    await stores.close()


@pytest.fixture
async def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the positions after which the outbox reads, in order."""
    reads: list[int] = []
    read_after = PostgresOutbox._read_after

    async def counted(self: PostgresOutbox, position: int, limit: int) -> object:
        reads.append(position)
        return await read_after(self, position, limit)

    monkeypatch.setattr(PostgresOutbox, "_read_after", counted)
    return reads


@pytest.fixture
async def outbox(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PostgresOutbox]:
    monkeypatch.setattr(append_notifications, "POLL_S", 600)
    outbox = PostgresOutbox(url)
    yield outbox
    await outbox.close()


async def until_listening(outbox: PostgresOutbox) -> None:
    listens = outbox._notifications
    await eventually(lambda: listens._channel._connection is not None and not listens.may_have_more)


async def test_a_wake_up_costs_one_read(
    stores: Stores, outbox: PostgresOutbox, reads: list[int]
) -> None:
    waiting = asyncio.create_task(outbox.after(0, limit=100))
    await until_listening(outbox)
    reads.clear()
    last = 0
    for number in range(10):
        result = await appended(stores, write(f"r{number}", 0, 1, 2))
        found = await asyncio.wait_for(waiting, 10)
        assert [one.position for one in found] == [one.position for one in result.recorded]
        last = result.position
        waiting = asyncio.create_task(outbox.after(last, limit=100))
        await asyncio.sleep(0.02)
    waiting.cancel()

    assert len(reads) == 10


async def test_a_full_page_is_followed_by_a_read_without_waiting(
    stores: Stores, outbox: PostgresOutbox
) -> None:
    await appended(stores, write("r1", 0, *range(25)))
    after, found = 0, 0
    async with asyncio.timeout(10):
        while found < 25:
            page = await outbox.after(after, limit=10)
            after, found = page[-1].position, found + len(page)


async def test_a_notification_without_events_costs_one_read(
    url: str, stores: Stores, outbox: PostgresOutbox, reads: list[int]
) -> None:
    result = await appended(stores, write("r1", 0, 1))
    await outbox.after(0, limit=10)
    waiting = asyncio.create_task(outbox.after(result.position, limit=10))
    await until_listening(outbox)
    reads.clear()
    connection = await asyncpg.connect(url)
    # A batch whose appends are all in conflict notifies of a position without an event.
    await connection.execute("SELECT pg_notify('stored_events', '1000')")
    await connection.close()
    await eventually(lambda: bool(reads))
    await asyncio.sleep(0.1)
    waiting.cancel()

    assert len(reads) == 1


async def test_reading_continues_after_the_listening_connection_is_killed(
    stores: Stores, outbox: PostgresOutbox, url: str
) -> None:
    waiting = asyncio.create_task(outbox.after(0, limit=10))
    await until_listening(outbox)
    connection = await asyncpg.connect(url)
    assert await connection.fetchval(KILL)
    await connection.close()
    result = await appended(stores, write("r1", 0, 1))

    (found,) = await asyncio.wait_for(waiting, 10)
    assert found.position == result.position


async def test_a_closed_outbox_is_unavailable(outbox: PostgresOutbox) -> None:
    await outbox.close()

    with pytest.raises(Unavailable):
        await outbox.after(0, limit=10)
