"""Views as tables of one SQLite file."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import orjson

from backends.sqlite import query as sql
from backends.sqlite.tables import ViewTable
from backends.sqlite.view_database import ViewDatabase
from eventlog.errors import Unavailable
from eventlog.ports import Change, Page, Query, Row, Table, ViewStore

KEYS_AT_ONCE = 200

_LIVE = "SELECT generation, shape FROM view_sets WHERE live = 1"
_OLD = "SELECT generation FROM view_sets WHERE live = 0"
_ADD = "INSERT INTO view_sets (live, checkpoint, shape) VALUES (0, 0, ?)"
_SHAPE = "SELECT shape FROM view_sets WHERE generation = ?"
_FORGET = "DELETE FROM view_sets WHERE generation = ?"
_CHECKPOINT = "SELECT checkpoint FROM view_sets WHERE generation = ?"
_MOVE = "UPDATE view_sets SET checkpoint = ? WHERE generation = ?"
_SWAP = "UPDATE view_sets SET live = (generation = ?)"


class SqliteViewStore:
    """Implements `eventlog.ports.ViewStore` on one set of a file's tables."""

    def __init__(self, database: ViewDatabase, *, owned: ExitStack | None = None) -> None:
        """`owned` is what goes with the database when this store is closed, if it owns it."""
        self.database = database
        self._owned = owned
        self.generation = 0
        self.tables: dict[str, ViewTable] = {}

    async def prepare(self, tables: Sequence[Table]) -> None:
        """Create the tables; when one is missing or was declared otherwise, all start over."""
        shape = orjson.dumps(list(tables)).decode()
        live = self.database.read(_LIVE)
        if live and live[0][1] == shape:
            self._use(tables, live[0][0])
        else:
            self._use(tables, await self.database.write(partial(_start_over, tables, shape)))
        if not self.database.read_only:
            await self._drop_old()

    async def commit(self, changes: Sequence[Change], *, checkpoint: int) -> None:
        """Apply `changes` and move the checkpoint, together."""
        work = [step for change in changes for step in self._steps(change)]
        work.append((_MOVE, [checkpoint, self.generation]))

        def act(connection: sqlite3.Connection) -> None:
            for statement, values in work:
                connection.execute(statement, values)

        await self.database.write(act)

    async def checkpoint(self) -> int:
        """Return the position the views hold, 0 when they hold nothing."""
        found = self.database.read(_CHECKPOINT, (self.generation,))
        return int(found[0][0]) if found else 0

    async def get(self, table: str, tenant: str, key: str) -> bytes | None:
        """Return one document."""
        found = self.database.read(self.tables[table].get(), (tenant, key))
        return bytes(found[0][0]) if found else None

    async def get_many(
        self, table: str, keys: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], bytes]:
        """Return the documents that exist of `keys` (tenant, key)."""
        found: dict[tuple[str, str], bytes] = {}
        for start in range(0, len(keys), KEYS_AT_ONCE):
            if start:
                await asyncio.sleep(0)
            asked = keys[start : start + KEYS_AT_ONCE]
            statement = self.tables[table].get_many(len(asked))
            values = [part for key in asked for part in key]
            for tenant, key, document in self.database.read(statement, values):
                found[tenant, key] = document
        return found

    async def find(self, query: Query) -> Page:
        """Return a page of documents."""
        table = self.tables[query.table]
        page = sql.select(table, query)
        total = sql.count(table, query) if query.count else None

        def act(connection: sqlite3.Connection) -> Page:
            rows = [_row(*found) for found in connection.execute(*page)]
            if total is None:
                return Page(rows)
            return Page(rows, int(connection.execute(*total).fetchone()[0]))

        return await self.database.query(act)

    async def scan(
        self, table: str, *, after: tuple[str, str] | None = None, limit: int = 1_000
    ) -> Sequence[Row]:
        """Return rows behind `after` (tenant, key), in that order."""
        statement, begin = self.tables[table].scan(), after or ("", "")
        return await self.database.query(
            lambda connection: [_row(*f) for f in connection.execute(statement, (*begin, limit))]
        )

    async def fresh(self) -> ViewStore:
        """Return the same tables once more, empty; in a temporary file when this is only read."""
        tables = [table.declared for table in self.tables.values()]
        if self.database.read_only:
            return await _temporary(tables)
        await self._drop_old()
        shape = str(self.database.read(_SHAPE, (self.generation,))[0][0])
        made = await self.database.write(partial(_create, tables, shape))
        fresh = SqliteViewStore(self.database)
        fresh._use(tables, made)
        return fresh

    async def swap(self, fresh: ViewStore) -> None:
        """Put what `fresh` holds in the place of these tables; they go with the next `prepare`."""
        if not isinstance(fresh, SqliteViewStore) or fresh.database is not self.database:
            raise Unavailable("only tables made beside these can take their place")
        generation = fresh.generation
        await self.database.write(partial(_swap, generation))
        self._use([table.declared for table in fresh.tables.values()], generation)

    async def close(self) -> None:
        """Let go of the file, unless these are the fresh tables beside another store's."""
        if self._owned is not None:
            await self.database.close()
            self._owned.close()

    def _use(self, tables: Sequence[Table], generation: int) -> None:
        self.generation = generation
        self.tables = {table.name: ViewTable(table, generation) for table in tables}

    def _steps(self, change: Change) -> list[tuple[str, list[str | int | bytes | None]]]:
        """Return statements with their values, each for as many rows as one takes."""
        table = self.tables[change.table]
        steps: list[tuple[str, list[str | int | bytes | None]]] = []
        for start in range(0, len(change.upserts), table.rows_at_once):
            rows = change.upserts[start : start + table.rows_at_once]
            values = [v for row in rows for v in (row.tenant, row.key, row.document, *row.values)]
            steps.append((table.upsert(len(rows)), values))
        for start in range(0, len(change.deletes), table.rows_at_once):
            keys = change.deletes[start : start + table.rows_at_once]
            steps.append((table.delete(len(keys)), [part for key in keys for part in key]))
        return steps

    async def _drop_old(self) -> None:
        """Drop what an earlier swap or an unfinished rebuild left behind."""
        for (old,) in self.database.read(_OLD):
            await self.database.write(partial(_drop, old))


def open_views(path: Path, *, read_only: bool) -> SqliteViewStore:
    """Return the store of a views file; raises `Unavailable`."""
    return SqliteViewStore(ViewDatabase(path, read_only=read_only), owned=ExitStack())


async def _temporary(tables: Sequence[Table]) -> SqliteViewStore:
    owned = ExitStack()
    folder = Path(owned.enter_context(tempfile.TemporaryDirectory(prefix="baton-views-")))
    store = SqliteViewStore(ViewDatabase(folder / "views.db", read_only=False), owned=owned)
    await store.prepare(tables)
    return store


def _start_over(tables: Sequence[Table], shape: str, connection: sqlite3.Connection) -> int:
    generation = _create(tables, shape, connection)
    _swap(generation, connection)
    return generation


def _create(tables: Sequence[Table], shape: str, connection: sqlite3.Connection) -> int:
    """Make a set of tables that isn't live yet and return its number."""
    generation = connection.execute(_ADD, (shape,)).lastrowid or 0
    for table in tables:
        for statement in ViewTable(table, generation).create():
            connection.execute(statement)
    return generation


def _swap(generation: int, connection: sqlite3.Connection) -> None:
    connection.execute(_SWAP, (generation,))


def _drop(generation: int, connection: sqlite3.Connection) -> None:
    (shape,) = connection.execute(_SHAPE, (generation,)).fetchone()
    for declared in orjson.loads(shape):
        connection.execute(ViewTable(Table(name=declared["name"]), generation).drop())
    connection.execute(_FORGET, (generation,))


def _row(tenant: str, key: str, document: bytes, *values: str | int | None) -> Row:
    return Row(tenant, key, document, values)
