"""The catalog of view sets in PostgreSQL, and the statements that create, promote and drop one.

Each set has its tables in its own schema. Readers use the live schema of their release, which has
an SQL view of each table of the live set.
"""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from time import monotonic
from typing import Literal, TypeAlias

from baton.backends.postgres.database import PooledConnection
from baton.backends.postgres.views.tables import ViewTable
from baton.backends.sql.view_statements import quoted
from baton.eventlog.failpoints import failpoint
from baton.eventlog.ports.views import SetIsBehind, SetIsLive, Table, ViewSet
from baton.eventlog.view_sets.choice import (
    choose,
    last_promoted,
    set_of,
    shape_of,
    tables_of,
    with_live,
)

Kind: TypeAlias = Literal["views", "history"]
"""The views of which there are sets; each kind has a live set of its own."""

TEMPORARY_SCHEMA = "pg_temp"
TEMPORARY_CHECKPOINTS = 'pg_temp."_checkpoints"'
CATCH_UP_S = 1.0
"""The time that a promotion waits for the new set, while the live set is locked, in seconds."""
POLL_S = 0.01
READERS_S = 2
"""The longest time that a promotion blocks readers while it waits for slow queries, in seconds."""

_CREATE_TEMPORARY_CHECKPOINT = (
    f"CREATE TABLE {TEMPORARY_CHECKPOINTS} (number bigint, checkpoint bigint, live boolean)",
    f"INSERT INTO {TEMPORARY_CHECKPOINTS} VALUES (0, 0, false)",  # noqa: S608 - a constant
)
LOCK = "SELECT pg_advisory_xact_lock(1650553967, 3)"  # 'bato', view sets
"""Lets one transaction at a time change the catalog."""
_EVERY = """
SELECT number, shape, checkpoint, epoch, created_at, compared_at, differences
FROM baton.view_sets JOIN baton.view_checkpoints USING (number) WHERE kind = $1 ORDER BY number"""
_NUMBER = "SELECT nextval('baton.view_generations')"
_CREATE = "INSERT INTO baton.view_sets (number, kind, shape, created_at) VALUES ($1, $2, $3, $4)"
_BEGIN = """
INSERT INTO baton.view_checkpoints (number, shape_digest, checkpoint) VALUES ($1, $2, 0)"""
_HOLD = "SELECT checkpoint FROM baton.view_checkpoints WHERE number = $1 FOR UPDATE"
_CHECKPOINT = "SELECT checkpoint FROM baton.view_checkpoints WHERE number = $1"
_PROMOTE = "UPDATE baton.view_sets SET epoch = $2 WHERE number = $1"
_SET_LIVE = """
UPDATE baton.view_checkpoints SET live = (number = $1)
WHERE shape_digest = $2 AND live <> (number = $1)"""
_DELETE = """
WITH deleted AS (DELETE FROM baton.view_checkpoints WHERE number = $1)
DELETE FROM baton.view_sets WHERE number = $1"""

FORGET_SETS = """
DO $$
DECLARE
    old text;
BEGIN
    FOR old IN SELECT nspname FROM pg_namespace WHERE starts_with(nspname, 'baton_views')
        OR starts_with(nspname, 'baton_history') LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', old);
    END LOOP;
END $$;
TRUNCATE baton.view_sets, baton.view_checkpoints;"""
"""Deletes every set."""


def schema_of(kind: Kind, number: int) -> str:
    """Return the name of a set's schema."""
    return f"baton_{kind}_{number}"


def digest_of(shape: str) -> str:
    """Return a short name for the declarations of a release."""
    return sha256(shape.encode()).hexdigest()[:12]


def live_schema(kind: Kind, digest: str) -> str:
    """Return the name of the schema that the processes of a release read."""
    return f"baton_{kind}_live_{digest}"


async def every(connection: PooledConnection, kind: Kind) -> Sequence[ViewSet]:
    """Return every set, by number."""
    return with_live(
        [
            ViewSet(
                number=number,
                shape=shape,
                checkpoint=checkpoint,
                epoch=epoch,
                live=False,
                created_at=created_at,
                compared_at=compared_at,
                differences=differences,
            )
            for number, shape, checkpoint, epoch, created_at, compared_at, differences in (
                await connection.fetch(_EVERY, kind)
            )
        ]
    )


async def choose_set(transaction: PooledConnection, kind: Kind, tables: Sequence[Table]) -> int:
    """Return the set that processes with these tables read, creating it if there is none."""
    choice = choose(await every(transaction, kind), shape_of(tables))
    number = choice.number
    if number is None:
        number = await create(transaction, kind, tables, at=0)
    if choice.promote:
        await promote(transaction, kind, number, even_behind=True)
    for unread in choice.drop:
        await drop(transaction, kind, unread)
    return number


async def create(
    transaction: PooledConnection, kind: Kind, tables: Sequence[Table], *, at: int
) -> int:
    """Create an empty set and return its number; `at` is now, ms since the epoch."""
    number, shape = int(await transaction.fetchval(_NUMBER)), shape_of(tables)
    await transaction.execute(f"CREATE SCHEMA {quoted(schema_of(kind, number))}")
    await create_tables(transaction, tables, schema_of(kind, number))
    await transaction.execute(_CREATE, number, kind, shape, at)
    await transaction.execute(_BEGIN, number, digest_of(shape))
    return number


async def create_tables(
    transaction: PooledConnection, tables: Sequence[Table], schema: str
) -> None:
    """Create tables in a schema; PostgreSQL provides that of temporary ones."""
    statements = [one for table in tables for one in ViewTable(table, schema).create()]
    if schema == TEMPORARY_SCHEMA:
        statements += _CREATE_TEMPORARY_CHECKPOINT
    if statements:
        await transaction.execute(";\n".join(statements))


async def promote(
    transaction: PooledConnection, kind: Kind, number: int, *, even_behind: bool
) -> int:
    """Make a set the live one and return its epoch; raises `SetIsBehind`."""
    sets = await every(transaction, kind)
    found, live = set_of(sets, number), last_promoted(sets)
    if live is not None and live.number == number:
        return live.epoch
    digest, tables = digest_of(found.shape), tables_of(found.shape)
    for table in tables:  # the planner knows nothing about new tables yet
        await transaction.execute(f"ANALYZE {ViewTable(table, schema_of(kind, number)).name}")
    await transaction.execute(f"SET LOCAL lock_timeout = '{READERS_S}s'")
    if live is not None:
        position = int(await transaction.fetchval(_HOLD, live.number))
        if not even_behind:
            await _caught_up(transaction, number, position)
    await transaction.execute(";\n".join(_reading(kind, tables, number, digest)))
    await transaction.execute(_SET_LIVE, number, digest)
    failpoint("before-promotion")
    epoch = 1 if live is None else live.epoch + 1
    await transaction.execute(_PROMOTE, number, epoch)
    return epoch


async def _caught_up(transaction: PooledConnection, number: int, position: int) -> None:
    """Wait until a set has reached the position of the live set, which is locked."""
    deadline = monotonic() + CATCH_UP_S
    while (checkpoint := int(await transaction.fetchval(_CHECKPOINT, number))) < position:
        if monotonic() > deadline:
            raise SetIsBehind(checkpoint, position)
        await asyncio.sleep(POLL_S)


def _reading(kind: Kind, tables: Sequence[Table], number: int, digest: str) -> Sequence[str]:
    """Return the statements that let the live schema of a release show a set."""
    live, schema = live_schema(kind, digest), schema_of(kind, number)
    names = [name for table in tables for name in ViewTable(table, schema).relations()]
    return [
        f"CREATE SCHEMA IF NOT EXISTS {quoted(live)}",
        *(
            f"CREATE OR REPLACE VIEW {quoted(live)}.{name} AS SELECT * FROM {quoted(schema)}.{name}"  # noqa: S608 - names are checked
            for name in names
        ),
    ]


async def drop(transaction: PooledConnection, kind: Kind, number: int) -> None:
    """Delete a set and its tables; raises `SetIsLive`."""
    sets = await every(transaction, kind)
    found, live = set_of(sets, number), last_promoted(sets)
    if live is not None and live.number == number:
        raise SetIsLive(f"Set {number} is live")
    await transaction.execute(f"DROP SCHEMA IF EXISTS {quoted(schema_of(kind, number))} CASCADE")
    if found.live:
        schema = live_schema(kind, digest_of(found.shape))
        await transaction.execute(f"DROP SCHEMA IF EXISTS {quoted(schema)} CASCADE")
    await transaction.execute(_DELETE, number)
