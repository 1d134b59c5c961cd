"""Databases for tests, on one server per session: a fresh one for each folder that asks.

The server is the one at BATON_TEST_POSTGRES (a user who may create databases), else one in a
container, else a process of this machine. Making a database takes long and dropping one longer, so
one that nobody is connected to any more is emptied and used again.
"""

import atexit
import os
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from baton.backends.postgres import migrate
from tests.servers.finding import absent, docker_answers
from tests.servers.local_postgres import LocalPostgres, programs

VARIABLE = "BATON_TEST_POSTGRES"
IMAGE = "postgres:17-alpine"
NOTE = "postgres.url"
"""The file that says which database stands for a folder."""

_SESSION = uuid4().hex[:8]
_TEMPLATE = f"baton_test_{_SESSION}_template"

_EMPTY = """
DO $$
DECLARE
    old text;
BEGIN
    FOR old IN SELECT nspname FROM pg_namespace WHERE starts_with(nspname, 'baton_views') LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', old);
    END LOOP;
END
$$;
TRUNCATE public.stored_events, public.notification_tracking, baton.append_receipts,
    baton.idempotency_keys, baton.leases, baton.secrets, baton.dead_letters RESTART IDENTITY;
INSERT INTO public.notification_tracking VALUES ('__migration__', 1);
"""
_CONNECTED = "SELECT datname FROM pg_stat_activity WHERE datname IS NOT NULL"


@cache
def server_url() -> str:
    """Return a server's address; without any, the test that asks is skipped."""
    if given := os.environ.get(VARIABLE):
        return given
    url = _in_a_container() if docker_answers() else _on_this_machine()
    os.environ[VARIABLE] = url  # for processes that tests start
    return url


async def database_for(folder: Path) -> str:
    """Return the address of the database that stands for `folder`, a fresh one at first."""
    note = folder / NOTE
    if not note.exists():
        url = await _databases.fresh()
        note.write_text(url)
        _databases.notes[url] = note
    return note.read_text()


async def bare_database() -> str:
    """Return the address of a new database without Baton's schema."""
    name = f"baton_test_{_SESSION}_bare_{uuid4().hex[:8]}"
    return await _create(name, "template1")


class _Databases:
    """Those made in this session, the one that was asked for longest ago first."""

    def __init__(self) -> None:
        self.notes: dict[str, Path] = {}

    async def fresh(self) -> str:
        admin = await asyncpg.connect(server_url())
        try:
            connected = {name for (name,) in await admin.fetch(_CONNECTED)}
        finally:
            await admin.close()
        # The newest ones may belong to the test that asks.
        for url in list(self.notes)[:-4]:
            if urlsplit(url).path[1:] not in connected:
                return await self._emptied(url)
        if not self.notes:
            await migrate(await _create(_TEMPLATE, "template1"))
        return await _create(f"baton_test_{_SESSION}_{len(self.notes)}", _TEMPLATE)

    async def _emptied(self, url: str) -> str:
        self.notes.pop(url).unlink(missing_ok=True)
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


def _in_a_container() -> str:
    from testcontainers.postgres import PostgresContainer  # noqa: PLC0415 - as its name says

    container = PostgresContainer(IMAGE, username="baton", driver=None)
    container.start()
    atexit.register(container.stop)
    return str(container.get_connection_url())


def _on_this_machine() -> str:
    found = programs()
    if found is None:
        absent("PostgreSQL", f"{VARIABLE} isn't set, no container engine, no local server")
    server = LocalPostgres(found)
    atexit.register(server.remove)
    server.start()
    return server.url
