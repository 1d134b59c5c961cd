"""Connections to a PostgreSQL database: a pool for short statements, and single ones to own.

Every wait has an end, on both sides. A connection keeps its prepared statements but no other state,
so that going back to the pool costs no round trip. A proxy that hands one connection to several
clients in turn is not for Baton.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from baton.backends.postgres.errors import DRIVER_ERRORS, as_unavailable
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.backend import StoreLocation

CONNECT_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 30.0
"""The longest a statement may take; queries over many rows are the slow ones."""
CLOSE_TIMEOUT_S = 3.0
IDLE_CONNECTION_S = 300.0
POOL_SIZE = 8
"""In the pool of one process; an appender and a follower of the log have one more each."""
UNLIMITED_STATEMENTS = 2**31
"""More statements than a connection ever sees: it isn't replaced for its age."""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
PooledConnection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
AnyConnection: TypeAlias = (
    "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
)
Value: TypeAlias = str | int | bytes | Sequence[str | int | bytes | None] | None

_SETTINGS = MappingProxyType(
    {
        "application_name": "baton",
        "search_path": "public",
        "default_transaction_isolation": "read committed",
        "idle_in_transaction_session_timeout": "10s",
        "lock_timeout": "10s",
        "statement_timeout": "60s",  # for a client that is gone: one that lives gives up earlier
        "client_connection_check_interval": "5s",
        "tcp_user_timeout": "10s",
        "jit": "off",
    }
)
# A plan that is kept would be the one for a table as small as it was then. Of a table that grew
# unseen the server expects a handful of rows: a page is read along its index all the same, instead
# of finding and sorting everything.
_POOL_SETTINGS = MappingProxyType(
    {
        **_SETTINGS,
        "plan_cache_mode": "force_custom_plan",
        "enable_bitmapscan": "off",
        "enable_sort": "off",
    }
)
_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
_READ_ONLY_SETTINGS = MappingProxyType({**_POOL_SETTINGS, "default_transaction_read_only": "on"})


class Database:
    """One process's way to a database. All methods raise `Unavailable`."""

    def __init__(self, url: str, pool: Pool, *, read_only: bool) -> None:
        self.url = url
        self.read_only = read_only
        self._pool = pool

    async def fetch(self, statement: str, *values: Value) -> list[asyncpg.Record]:
        """Return the rows of one statement, which is a transaction of its own."""
        async with self.connection() as connection:
            return await connection.fetch(statement, *values)

    async def look_up(self, statement: str, *values: Value) -> list[asyncpg.Record]:
        """Return what a reading statement finds: no row for a text that no row can have."""
        async with self.connection() as connection:
            try:
                return await connection.fetch(statement, *values)
            except asyncpg.CharacterNotInRepertoireError:
                return []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[PooledConnection]:
        """Lend a connection of the pool."""
        with as_unavailable():
            async with self._pool.acquire(timeout=STATEMENT_TIMEOUT_S) as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PooledConnection]:
        """Lend a connection for one transaction, committed at the end or rolled back."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def close(self) -> None:
        """Let go of the connections; of those that can't say goodbye, at once."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._pool.close()
        except DRIVER_ERRORS:
            self._pool.terminate()


def url_of(location: StoreLocation) -> str:
    """Return the database's address; raises `Unavailable` without one."""
    if location.url is None:
        raise Unavailable("PostgreSQL is found by its address, postgresql://…; none was given")
    return location.url


async def open_database(url: str, *, read_only: bool = False, single: bool = False) -> Database:
    """Return the way to the database at `url`, as libpq takes it; raises `Unavailable`.

    Connections are made when they are needed; with `single`, all goes through one.
    """
    with as_unavailable():
        pool = await asyncpg.create_pool(
            url,
            min_size=0,
            max_size=1 if single else POOL_SIZE,
            max_queries=UNLIMITED_STATEMENTS,
            max_inactive_connection_lifetime=0 if single else IDLE_CONNECTION_S,
            reset=_keep,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=STATEMENT_TIMEOUT_S,
            server_settings=dict(_READ_ONLY_SETTINGS if read_only else _POOL_SETTINGS),
        )
    return Database(url, pool, read_only=read_only)


async def connect(
    url: str, *, timeout_s: float = STATEMENT_TIMEOUT_S, settings: Mapping[str, str] = _NO_SETTINGS
) -> Connection:
    """Return a connection of the caller's own, with more `settings`; raises `Unavailable`."""
    with as_unavailable():
        return await asyncpg.connect(
            url,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=timeout_s,
            server_settings={**_SETTINGS, **settings},
        )


async def close_connection(connection: Connection) -> None:
    """Close a connection of one's own, whatever has become of it."""
    try:
        await connection.close(timeout=CLOSE_TIMEOUT_S)
    except DRIVER_ERRORS:
        connection.terminate()


async def _keep(_connection: Connection) -> None:
    """Leave a connection that comes back as it is."""
