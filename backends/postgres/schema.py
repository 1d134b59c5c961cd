"""The schema of the database: its migrations, and the check when a service starts.

Migrations are the numbered files in `migrations`. Each runs in one transaction, and running it
again changes nothing. The greatest number is the version of the schema.
"""

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import NamedTuple

from baton.backends.postgres.database import (
    AnyConnection,
    Connection,
    Database,
    close_connection,
    connect,
)
from baton.backends.postgres.errors import as_unavailable
from baton.eventlog.errors import Misconfigured

_FILE = re.compile(r"(\d{4})_(\w+)\.sql")

_VERSIONS = """
CREATE SCHEMA IF NOT EXISTS baton;
CREATE TABLE IF NOT EXISTS baton.schema_version (
    version int PRIMARY KEY,
    name text NOT NULL,
    migrated_at timestamptz NOT NULL DEFAULT now()
)"""
_LOCK = "SELECT pg_advisory_xact_lock(1650553967, 2)"  # 'bato', migrations
_EXISTS = "SELECT to_regclass('baton.schema_version') IS NOT NULL"
_VERSION = "SELECT coalesce(max(version), 0) FROM baton.schema_version"
_RECORD_VERSION = "INSERT INTO baton.schema_version (version, name) VALUES ($1, $2)"


class Migration(NamedTuple):
    """One file: its number, its name and its statements."""

    version: int
    name: str
    sql: str


def migrations() -> Sequence[Migration]:
    """Return every migration of this release, in order."""
    unordered = [
        Migration(int(match[1]), match[2], file.read_text(encoding="utf-8"))
        for file in files("baton.backends.postgres").joinpath("migrations").iterdir()
        if (match := _FILE.fullmatch(file.name))
    ]
    return sorted(unordered)


async def migrate(url: str) -> Sequence[str]:
    """Create or upgrade the schema of the database at `url`; return the names of migrations run.

    Raises `Unavailable`, and `Misconfigured` when the schema is newer than this release.
    """
    connection = await connect(url)
    try:
        with as_unavailable():
            return [
                migration.name for migration in migrations() if await _apply(connection, migration)
            ]
    finally:
        await close_connection(connection)


async def check_version(database: Database) -> None:
    """Raise `Misconfigured`, with the remedy, unless the schema has this release's version."""
    async with database.connection() as connection:
        _require_current(await _version(connection))


async def _apply(connection: Connection, migration: Migration) -> bool:
    """Run a migration unless it has run before; return whether it ran."""
    async with connection.transaction():
        await connection.execute(_LOCK)
        await connection.execute(_VERSIONS)
        version = await _version(connection)
        if version > migrations()[-1].version:
            _require_current(version)
        if version >= migration.version:
            return False
        await connection.execute(migration.sql)
        await connection.execute(_RECORD_VERSION, migration.version, migration.name)
        return True


async def _version(connection: AnyConnection) -> int:
    if not await connection.fetchval(_EXISTS):
        return 0
    return int(await connection.fetchval(_VERSION))


def _require_current(version: int) -> None:
    needed = migrations()[-1].version
    if version == 0:
        raise Misconfigured("the database has no Baton schema yet: run `baton migrate`")
    if version < needed:
        message = f"the schema is at {version}, this release needs {needed}: run `baton migrate`"
        raise Misconfigured(message)
    if version > needed:
        message = f"the schema is at {version}, this release needs {needed}: use a newer Baton"
        raise Misconfigured(message)
