"""Sets of view tables: each is a schema, whose table `_state` holds its checkpoint.

The live set's schema has a fixed name. A swap renames schemas, so every process sees it at once.
"""

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from baton.backends.postgres.database import PooledConnection
from baton.backends.postgres.views.tables import ViewTable
from baton.backends.sql.view_statements import quoted
from baton.eventlog.ports.views import Table

LIVE_SCHEMA = "baton_views"
HISTORY_SCHEMA = "baton_history"
TEMPORARY_SCHEMA = "pg_temp"
_STAGING_PREFIX = f"{LIVE_SCHEMA}_"

_LOCK = "SELECT pg_advisory_xact_lock(1650553967, 3)"  # 'bato', view sets
# to_regclass reads a cache that may miss a table which another process has just created.
_EXISTS = """
SELECT EXISTS (SELECT FROM pg_class WHERE relname = '_state' AND relnamespace = CASE
    WHEN $1 = 'pg_temp' THEN pg_my_temp_schema()
    ELSE (SELECT oid FROM pg_namespace WHERE nspname = $1) END)"""
_NEXT_GENERATION = "SELECT nextval('baton.view_generations')"
_STAGING_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1)"


class ViewSet(NamedTuple):
    """The tables of a schema: their number, their declarations as JSON, and their checkpoint."""

    generation: int
    shape: str
    checkpoint: int


def shape_of(tables: Sequence[Table]) -> str:
    """Return the declarations as JSON, to be compared with those of a `ViewSet`."""
    return orjson.dumps(list(tables)).decode()


def state_table(schema: str) -> str:
    """Return the quoted name of a set's table `_state`; no view can have that name."""
    return f'{quoted(schema)}."_state"'


async def lock(transaction: PooledConnection) -> None:
    """Lock out other creations and swaps of sets until the transaction ends."""
    await transaction.execute(_LOCK)


async def load(connection: PooledConnection, schema: str) -> ViewSet | None:
    """Return the set in a schema, None if there is none."""
    if not await connection.fetchval(_EXISTS, schema):
        return None
    state = state_table(schema)
    found = await connection.fetchrow(f"SELECT generation, shape, checkpoint FROM {state}")  # noqa: S608 - a quoted name
    return ViewSet(*found) if found else None


async def replace(transaction: PooledConnection, schema: str, tables: Sequence[Table]) -> ViewSet:
    """Replace a set that processes use, if there is one, by an empty one."""
    await drop(transaction, schema)
    generation = int(await transaction.fetchval(_NEXT_GENERATION))
    return await create(transaction, schema, tables, generation)


async def create_staging(
    transaction: PooledConnection, tables: Sequence[Table]
) -> tuple[str, ViewSet]:
    """Create an empty set beside the live one, dropping older such sets; return its schema."""
    for (old,) in await transaction.fetch(_STAGING_SCHEMAS, _STAGING_PREFIX):
        await drop(transaction, old)
    generation = int(await transaction.fetchval(_NEXT_GENERATION))
    schema = f"{_STAGING_PREFIX}{generation}"
    return schema, await create(transaction, schema, tables, generation)


async def create(
    transaction: PooledConnection, schema: str, tables: Sequence[Table], generation: int
) -> ViewSet:
    """Create an empty set; PostgreSQL provides the schema of temporary tables."""
    made = ViewSet(generation, shape_of(tables), 0)
    state = state_table(schema)
    statements = [] if schema == TEMPORARY_SCHEMA else [f"CREATE SCHEMA {quoted(schema)}"]
    statements.append(f"CREATE TABLE {state} (generation bigint, shape text, checkpoint bigint)")
    for table in tables:
        statements += ViewTable(table, schema).create()
    await transaction.execute(";\n".join(statements))
    await transaction.execute(f"INSERT INTO {state} VALUES ($1, $2, $3)", *made)  # noqa: S608 - as above
    return made


async def drop(transaction: PooledConnection, schema: str) -> None:
    """Drop a set, if it exists."""
    await transaction.execute(f"DROP SCHEMA IF EXISTS {quoted(schema)} CASCADE")


async def swap(transaction: PooledConnection, schema: str, tables: Sequence[Table]) -> None:
    """Make the set of `schema` the live one and drop the old one."""
    for table in tables:  # the planner knows nothing about new tables yet
        await transaction.execute(f"ANALYZE {ViewTable(table, schema).name}")
    await drop(transaction, LIVE_SCHEMA)
    await transaction.execute(f"ALTER SCHEMA {quoted(schema)} RENAME TO {quoted(LIVE_SCHEMA)}")
