"""Connections to a PostgreSQL database: a pool for short statements, and single connections.

Every wait has a timeout, in the client and in the server. A connection keeps its prepared
statements but no other session state, so returning it to the pool costs no round trip. Baton can't
run behind a proxy that gives one server connection to several clients in turn.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from baton.backends.postgres.errors import DRIVER_ERRORS, as_unavailable
from baton.backends.postgres.tls import tls_of
from baton.eventlog.errors import Misconfigured
from baton.eventlog.ports.backend import StoreLocation

CONNECT_TIMEOUT_S = 5.0
QUERY_TIMEOUT_S = 25
"""The longest time of a statement of the pool; queries over many rows are the slow ones."""
STATEMENT_TIMEOUT_S = 30.0
"""The time after which a server that hasn't answered a statement counts as unavailable."""
CLOSE_TIMEOUT_S = 3.0
IDLE_CONNECTION_S = 300.0
POOL_SIZE = 8
"""The number of connections in a process's pool; appender and log tail own one more each."""
UNLIMITED_STATEMENTS = 2**31
"""More statements than a connection ever runs, so that the pool doesn't replace it for its age."""

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
        "statement_timeout": "60s",  # for clients that have died; live clients give up earlier
        "client_connection_check_interval": "5s",
        "tcp_user_timeout": "10s",
        "jit": "off",
    }
)
ALONG_INDEX = MappingProxyType({"enable_bitmapscan": "off", "enable_sort": "off"})
"""Makes the planner read a page along its index even while it believes the table to be small.

Until the first ANALYZE of a table that has grown, it would read and sort all rows instead.
"""
# A cached plan would remain as made for the small table, so every execution is planned again.
_POOL_SETTINGS = MappingProxyType(
    {
        **_SETTINGS,
        **ALONG_INDEX,
        "plan_cache_mode": "force_custom_plan",
        "statement_timeout": f"{QUERY_TIMEOUT_S}s",
    }
)
_COMMIT_DURABLY = """
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') = 'off'"""
_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
_READ_ONLY_SETTINGS = MappingProxyType({**_POOL_SETTINGS, "default_transaction_read_only": "on"})


class Database:
    """A process's pool of connections to a database. All methods raise `Unavailable`."""

    def __init__(self, url: str, pool: Pool, *, read_only: bool) -> None:
        self.url = url
        self.read_only = read_only
        self._pool = pool

    async def fetch(self, statement: str, *values: Value) -> list[asyncpg.Record]:
        """Return the rows of a statement, which runs in a transaction of its own."""
        async with self.connection() as connection:
            return await connection.fetch(statement, *values)

    async def look_up(self, statement: str, *values: Value) -> list[asyncpg.Record]:
        """Return the rows of a SELECT; none if a value is a text that PostgreSQL can't store."""
        async with self.connection() as connection:
            try:
                return await connection.fetch(statement, *values)
            except asyncpg.CharacterNotInRepertoireError:
                return []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[PooledConnection]:
        """Acquire a connection from the pool."""
        with as_unavailable():
            async with self._pool.acquire(timeout=STATEMENT_TIMEOUT_S) as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PooledConnection]:
        """Acquire a connection for a transaction, which commits at the end or rolls back."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def close(self) -> None:
        """Close the connections; after `CLOSE_TIMEOUT_S`, terminate those that are left."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._pool.close()
        except DRIVER_ERRORS:
            self._pool.terminate()


def statement(text: str, *, table: str) -> str:
    """Return a statement of `backends.sql` on `table`."""
    return text.format(table=table)


def url_of(location: StoreLocation) -> str:
    """Return the database's address; raises `Misconfigured` without one."""
    if location.url is None:
        raise Misconfigured("PostgreSQL is found by its address, postgresql://…; none was given")
    return location.url


async def open_database(url: str, *, read_only: bool = False, single: bool = False) -> Database:
    """Return a pool for the database at `url`; raises `Unavailable`.

    Args:
        url: The address as libpq takes it.
        read_only: Whether transactions may not write.
        single: Whether one connection serves everything, so that temporary tables are visible.

    """
    with as_unavailable():
        pool = await asyncpg.create_pool(
            url,
            ssl=tls_of(url),
            min_size=0,
            max_size=1 if single else POOL_SIZE,
            max_queries=UNLIMITED_STATEMENTS,
            max_inactive_connection_lifetime=0 if single else IDLE_CONNECTION_S,
            init=_commit_durably,
            reset=_keep_session,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=STATEMENT_TIMEOUT_S,
            server_settings=dict(_READ_ONLY_SETTINGS if read_only else _POOL_SETTINGS),
        )
    return Database(url, pool, read_only=read_only)


async def connect(
    url: str, *, timeout_s: float = STATEMENT_TIMEOUT_S, settings: Mapping[str, str] = _NO_SETTINGS
) -> Connection:
    """Return a connection that the caller owns; `settings` are added to the server session's.

    Raises `Unavailable`.
    """
    with as_unavailable():
        return await asyncpg.connect(
            url,
            ssl=tls_of(url),
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=timeout_s,
            server_settings={**_SETTINGS, **settings},
        )


async def connect_to_write(url: str, *, timeout_s: float = STATEMENT_TIMEOUT_S) -> Connection:
    """Return a connection whose commits are durable; raises `Unavailable`."""
    connection = await connect(url, timeout_s=timeout_s)
    try:
        with as_unavailable():
            await _commit_durably(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def close_connection(connection: Connection) -> None:
    """Close a connection that the caller owns, in whatever state it is."""
    try:
        await connection.close(timeout=CLOSE_TIMEOUT_S)
    except DRIVER_ERRORS:
        connection.terminate()


async def _keep_session(_connection: Connection) -> None:
    """Keep the session state of a connection that is returned to the pool."""


async def _commit_durably(connection: AnyConnection) -> None:
    """Make commits wait for the disk where the server's settings don't.

    A crash of the server would otherwise undo a command that was answered. Stronger settings, which
    wait for standbys, stay.
    """
    await connection.execute(_COMMIT_DURABLY)
