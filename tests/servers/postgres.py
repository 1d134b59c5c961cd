"""One PostgreSQL server per test session; each test folder gets a database of its own.

The server is the one at BATON_TEST_POSTGRES (its user may create databases), else one in a
container, else a local process. Creating a database is slow and dropping one slower, so a database
without connections is emptied and reused.
"""

import atexit
import os
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from baton.backends.postgres.schema import migrate
from tests.servers.availability import docker_is_available, skip_or_fail
from tests.servers.local_postgres import LocalPostgres, postgres_programs

VARIABLE = "BATON_TEST_POSTGRES"
IMAGE = "postgres:17-alpine"
URL_FILE = "postgres.url"
"""File in a test folder that stores the URL of the folder's database."""

_SESSION = uuid4().hex[:8]
_TEMPLATE = f"baton_test_{_SESSION}_template"

_EMPTY = """
DO $$
DECLARE
    old text;
BEGIN
    FOR old IN SELECT nspname FROM pg_namespace
        WHERE starts_with(nspname, 'baton_views') OR starts_with(nspname, 'baton_history')
    LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', old);
    END LOOP;
END
$$;
TRUNCATE public.stored_events, public.notification_tracking, baton.append_receipts,
    baton.idempotency_keys, baton.leases, baton.secrets, baton.dead_letters, baton.api_key_uses,
    baton.announced_functions, baton.leaf_blocks, baton.tree_heads, baton.view_sets,
    baton.view_checkpoints RESTART IDENTITY;
INSERT INTO public.notification_tracking VALUES ('__migration__', 1);
"""
_CONNECTED = "SELECT datname FROM pg_stat_activity WHERE datname IS NOT NULL"


@cache
def server_url() -> str:
    """Return the server's URL; skips the running test if there is no server."""
    if given := os.environ.get(VARIABLE):
        return given
    url = _start_container() if docker_is_available() else _start_local()
    os.environ[VARIABLE] = url  # for processes that tests start
    return url


async def database_for(folder: Path) -> str:
    """Return the URL of the database of `folder`, empty at first and always the same one."""
    file = folder / URL_FILE
    if not file.exists():
        url = await _databases.fresh()
        file.write_text(url)
        _databases.files[url] = file
    return file.read_text()


async def bare_database() -> str:
    """Return the URL of a new database without Baton's schema."""
    name = f"baton_test_{_SESSION}_bare_{uuid4().hex[:8]}"
    return await _create(name, "template1")


def private_server() -> LocalPostgres:
    """Return a server that one test may stop and kill; it is not started yet.

    The caller owns it and ends it by `remove`.
    """
    found = postgres_programs()
    if found is None:
        skip_or_fail("PostgreSQL", "no local server")
    return LocalPostgres(found)


class _Databases:
    """Databases made in this session.

    `files` maps each database's URL to its URL file, the least recently assigned database first.
    """

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}

    async def fresh(self) -> str:
        admin = await asyncpg.connect(server_url())
        try:
            connected = {name for (name,) in await admin.fetch(_CONNECTED)}
        finally:
            await admin.close()
        # The newest four may belong to the running test.
        for url in list(self.files)[:-4]:
            if urlsplit(url).path[1:] not in connected:
                return await self._emptied(url)
        if not self.files:
            await migrate(await _create(_TEMPLATE, "template1"))
        return await _create(f"baton_test_{_SESSION}_{len(self.files)}", _TEMPLATE)

    async def _emptied(self, url: str) -> str:
        self.files.pop(url).unlink(missing_ok=True)
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(_EMPTY)
        finally:
            await connection.close()
        return url


_databases = _Databases()


async def _create(name: str, template: str) -> str:
    admin = await asyncpg.connect(server_url())
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    finally:
        await admin.close()
    return urlunsplit(urlsplit(server_url())._replace(path=f"/{name}"))


def _start_container() -> str:
    from testcontainers.postgres import PostgresContainer  # noqa: PLC0415 - only with an engine

    container = PostgresContainer(IMAGE, username="baton", driver=None)
    container.start()
    atexit.register(container.stop)
    return str(container.get_connection_url())


def _start_local() -> str:
    found = postgres_programs()
    if found is None:
        skip_or_fail("PostgreSQL", f"{VARIABLE} isn't set, no container engine, no local server")
    server = LocalPostgres(found)
    atexit.register(server.remove)
    server.start()
    return server.url
