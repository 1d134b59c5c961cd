"""Migrations create and upgrade the schema, and a process refuses any other version."""

import asyncio

import asyncpg
import pytest

from baton.backends.postgres import BACKEND
from baton.backends.postgres.schema import migrate, migrations
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.backend import StoreLocation, Stores
from tests.conformance.deployments import appended, write
from tests.servers.postgres import bare_database

NEEDED = migrations()[-1].version


async def opened(url: str) -> Stores:
    return await BACKEND.open(
        StoreLocation(url=url, secrets_keys=(b"a key for tests, 32 bytes long..",))
    )


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [one.version for one in migrations()] == list(range(1, NEEDED + 1))


async def test_a_database_is_migrated_once(recwarn: pytest.WarningsRecorder) -> None:
    url = await bare_database()
    with pytest.raises(Unavailable, match="no Baton schema yet: run `baton migrate`"):
        await opened(url)

    assert await migrate(url) == [one.name for one in migrations()]
    assert await migrate(url) == []
    stores = await opened(url)
    assert (await appended(stores, write("r1", 0, 1))).position == 1
    await stores.close()
    assert not recwarn.list


async def test_concurrent_migrations_run_once() -> None:
    url = await bare_database()
    done = await asyncio.gather(*(migrate(url) for _ in range(3)))

    assert sorted(name for names in done for name in names) == sorted(
        one.name for one in migrations()
    )


async def test_a_repeated_migration_changes_nothing() -> None:
    url = await bare_database()
    await migrate(url)
    stores = await opened(url)
    before = await appended(stores, write("r1", 0, 1))
    await execute(url, *(one.sql for one in migrations()))

    after = await appended(stores, write("r1", 1, 2))
    assert list(await stores.events.read("acme/run/r1")) == [*before.recorded, *after.recorded]
    await stores.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            f"DELETE FROM baton.schema_version WHERE version = {NEEDED}",
            f"the schema is at {NEEDED - 1}, this release needs {NEEDED}: run `baton migrate`",
        ),
        (
            f"INSERT INTO baton.schema_version VALUES ({NEEDED + 1}, 'later')",
            f"the schema is at {NEEDED + 1}, this release needs {NEEDED}: use a newer Baton",
        ),
    ],
)
async def test_the_schema_of_another_release_is_refused(change: str, message: str) -> None:
    url = await bare_database()
    await migrate(url)
    await execute(url, change)

    with pytest.raises(Unavailable) as refused:
        await opened(url)
    assert str(refused.value) == message


async def test_a_newer_schema_is_not_migrated() -> None:
    url = await bare_database()
    await migrate(url)
    await execute(url, f"INSERT INTO baton.schema_version VALUES ({NEEDED + 1}, 'later')")

    with pytest.raises(Unavailable, match="use a newer Baton"):
        await migrate(url)


async def test_an_unreachable_server_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="PostgreSQL"):
        await migrate("postgresql://baton@127.0.0.1:1/baton")
    with pytest.raises(Unavailable, match="PostgreSQL"):
        await opened("postgresql://baton@127.0.0.1:1/baton")


async def test_an_address_is_needed() -> None:
    with pytest.raises(Unavailable, match="address"):
        await BACKEND.open(StoreLocation(secrets_keys=(b"a key for tests, 32 bytes long..",)))
