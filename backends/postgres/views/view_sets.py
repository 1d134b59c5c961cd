"""Sets of view tables: each a schema of its own, with a row that says how far it holds the log.

The live set has a fixed name, so that a swap, which renames schemas, is seen by every process.
"""

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from baton.backends.postgres.database import PooledConnection
from baton.backends.postgres.views.tables import ViewTable
from baton.backends.sql.view_statements import quoted
from baton.eventlog.ports.views import Table

LIVE_SCHEMA = "baton_views"
TEMPORARY_SCHEMA = "pg_temp"
_STAGING_PREFIX = f"{LIVE_SCHEMA}_"

_LOCK = "SELECT pg_advisory_xact_lock(1650553967, 3)"  # 'bato', sets of tables
# to_regclass answers from a cache that may not know what another process has just made.
_EXISTS = """
SELECT EXISTS (SELECT FROM pg_class WHERE relname = '_state' AND relnamespace = CASE
    WHEN $1 = 'pg_temp' THEN pg_my_temp_schema()
    ELSE (SELECT oid FROM pg_namespace WHERE nspname = $1) END)"""
_NEXT = "SELECT nextval('baton.view_generations')"
_OLD = "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1)"


class ViewSet(NamedTuple):
    """Which tables a schema holds (`generation`), what they were declared as, and how far."""

    generation: int
    shape: str
    checkpoint: int


def shape_of(tables: Sequence[Table]) -> str:
    """Return a text that differs when the declarations do."""
    return orjson.dumps(list(tables)).decode()


def state_table(schema: str) -> str:
    """Return the name of the table of one row in a schema; no view can have it."""
    return f'{quoted(schema)}."_state"'


async def lock(transaction: PooledConnection) -> None:
    """Keep others from making and swapping sets until the transaction ends."""
    await transaction.execute(_LOCK)


async def load(connection: PooledConnection, schema: str) -> ViewSet | None:
    """Return the set in a schema, if there is one."""
    if not await connection.fetchval(_EXISTS, schema):
        return None
    state = state_table(schema)
    found = await connection.fetchrow(f"SELECT generation, shape, checkpoint FROM {state}")  # noqa: S608 - made above
    return ViewSet(*found) if found else None


async def replace_live(transaction: PooledConnection, tables: Sequence[Table]) -> ViewSet:
    """Put an empty set in the place of the live one."""
    await drop(transaction, LIVE_SCHEMA)
    generation = int(await transaction.fetchval(_NEXT))
    return await create(transaction, LIVE_SCHEMA, tables, generation)


async def create_staging(
    transaction: PooledConnection, tables: Sequence[Table]
) -> tuple[str, ViewSet]:
    """Make an empty set beside the live one, in the place of any older such; return its schema."""
    for (old,) in await transaction.fetch(_OLD, _STAGING_PREFIX):
        await drop(transaction, old)
    generation = int(await transaction.fetchval(_NEXT))
    schema = f"{_STAGING_PREFIX}{generation}"
    return schema, await create(transaction, schema, tables, generation)


async def create(
    transaction: PooledConnection, schema: str, tables: Sequence[Table], generation: int
) -> ViewSet:
    """Make an empty set; the schema of temporary tables is there already."""
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
    """Remove a set, if it is there."""
    await transaction.execute(f"DROP SCHEMA IF EXISTS {quoted(schema)} CASCADE")


async def swap(transaction: PooledConnection, schema: str, tables: Sequence[Table]) -> None:
    """Make the set of `schema` the live one."""
    for table in tables:  # before anybody plans a query on what is new to the server
        await transaction.execute(f"ANALYZE {ViewTable(table, schema).name}")
    await drop(transaction, LIVE_SCHEMA)
    await transaction.execute(f"ALTER SCHEMA {quoted(schema)} RENAME TO {quoted(LIVE_SCHEMA)}")
