"""Views as tables of one SQLite file."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import orjson

from baton.backends.sql.view_statements import Statement
from baton.backends.sqlite.views.tables import ViewTable
from baton.backends.sqlite.views.view_database import ViewDatabase
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.views import Change, Page, Query, Row, Table, ViewStore

KEYS_PER_STATEMENT = 200

_LIVE = "SELECT generation, shape FROM view_sets WHERE live = 1"
_UNUSED_SETS = "SELECT generation, shape FROM view_sets WHERE live = 0"
_ADD = "INSERT INTO view_sets (live, checkpoint, shape) VALUES (0, 0, ?)"
_SHAPE = "SELECT shape FROM view_sets WHERE generation = ?"
_DELETE_SET = "DELETE FROM view_sets WHERE generation = ?"
_CHECKPOINT = "SELECT checkpoint FROM view_sets WHERE generation = ?"
_MOVE_CHECKPOINT = "UPDATE view_sets SET checkpoint = ? WHERE generation = ?"
_SWAP = "UPDATE view_sets SET live = (generation = ?)"


class SqliteViewStore:
    """Implements `ViewStore` on one generation of a file's tables."""

    def __init__(self, database: ViewDatabase, *, owned: ExitStack | None = None) -> None:
        """With `owned`, `close` closes the database and then `owned`."""
        self.database = database
        self._owned = owned
        self.generation = 0
        self.tables: dict[str, ViewTable] = {}

    async def prepare(self, tables: Sequence[Table]) -> None:
        """Create the tables; if a declaration has changed, all tables start empty."""
        shape = orjson.dumps(list(tables)).decode()
        live = self.database.read(_LIVE)
        if live and live[0][1] == shape:
            self._use(tables, live[0][0])
        else:
            made = await self._create(tables, shape)
            await self.database.write([(_SWAP, (made,))])
            self._use(tables, made)
        if not self.database.read_only:
            await self._drop_unused()

    async def commit(self, changes: Sequence[Change], *, checkpoint: int) -> None:
        """Apply `changes` and move the checkpoint, together."""
        steps = [step for change in changes for step in self._statements(change)]
        await self.database.write([*steps, (_MOVE_CHECKPOINT, (checkpoint, self.generation))])

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
        for start in range(0, len(keys), KEYS_PER_STATEMENT):
            if start:
                await asyncio.sleep(0)
            asked = keys[start : start + KEYS_PER_STATEMENT]
            statement = self.tables[table].get_many(len(asked))
            values = [part for key in asked for part in key]
            for tenant, key, document in self.database.read(statement, values):
                found[tenant, key] = document
        return found

    async def find(self, query: Query) -> Page:
        """Return a page of documents."""
        table = self.tables[query.table]
        asked = [table.select(query), table.count(query)] if query.count else [table.select(query)]
        rows, *total = await self.database.query(*asked)
        return Page([_row(*row) for row in rows], total[0][0][0] if total else -1)

    async def scan(
        self, table: str, *, after: tuple[str, str] | None = None, limit: int = 1_000
    ) -> Sequence[Row]:
        """Return rows after `after`, ordered by (tenant, key)."""
        begin = after or ("", "")
        (rows,) = await self.database.query(Statement(self.tables[table].scan(), (*begin, limit)))
        return [_row(*row) for row in rows]

    async def create_fresh(self) -> ViewStore:
        """Return empty tables of the same declarations; in a temporary file if read-only."""
        tables = [table.declared for table in self.tables.values()]
        if self.database.read_only:
            store = await _open_temporary()
            await store.prepare(tables)
            return store
        await self._drop_unused()
        shape = str(self.database.read(_SHAPE, (self.generation,))[0][0])
        made = await self._create(tables, shape)
        fresh = SqliteViewStore(self.database)
        fresh._use(tables, made)
        return fresh

    async def swap(self, fresh: ViewStore) -> None:
        """Make the tables of `fresh` the live ones; the next `prepare` drops the old ones."""
        if not isinstance(fresh, SqliteViewStore) or fresh.database is not self.database:
            raise Unavailable("only tables of `create_fresh` can replace these")
        generation = fresh.generation
        await self.database.write([(_SWAP, (generation,))])
        self._use([table.declared for table in fresh.tables.values()], generation)

    async def close(self) -> None:
        """Close the file, unless another store owns it."""
        if self._owned is not None:
            await self.database.close()
            self._owned.close()

    def _use(self, tables: Sequence[Table], generation: int) -> None:
        self.generation = generation
        self.tables = {table.name: ViewTable(table, generation) for table in tables}

    def _statements(self, change: Change) -> list[tuple[str, list[str | int | bytes | None]]]:
        """Return the statements of a change with their values, as few as the limits allow."""
        table = self.tables[change.table]
        steps: list[tuple[str, list[str | int | bytes | None]]] = []
        for start in range(0, len(change.upserts), table.rows_per_statement):
            rows = change.upserts[start : start + table.rows_per_statement]
            values = [v for row in rows for v in (row.tenant, row.key, row.document, *row.values)]
            steps.append((table.upsert(len(rows)), values))
        for start in range(0, len(change.deletes), table.rows_per_statement):
            keys = change.deletes[start : start + table.rows_per_statement]
            steps.append((table.delete(len(keys)), [part for key in keys for part in key]))
        return steps

    async def _create(self, tables: Sequence[Table], shape: str) -> int:
        """Create a generation of tables that isn't live yet and return its number."""
        ((_, made),) = await self.database.write([(_ADD, (shape,))])
        generation = made or 0
        create = [one for table in tables for one in ViewTable(table, generation).create()]
        await self.database.write([(statement, ()) for statement in create])
        return generation

    async def _drop_unused(self) -> None:
        """Drop the tables that an earlier swap or an unfinished rebuild left."""
        for generation, shape in self.database.read(_UNUSED_SETS):
            names = [declared["name"] for declared in orjson.loads(shape)]
            drop = [ViewTable(Table(name=name), generation).drop() for name in names]
            statements = [*((statement, ()) for statement in drop), (_DELETE_SET, (generation,))]
            await self.database.write(statements)


async def open_views(
    path: Path, *, keep_open: Sequence[int] = (), read_only: bool = False
) -> SqliteViewStore:
    """Return the store of a views file; raises `Unavailable`.

    A read-only store of a file that doesn't exist yet is empty: an import leaves none.
    """
    if read_only and not _exists(path):
        return await _open_temporary()
    database = await ViewDatabase.open(path, keep_open=keep_open, read_only=read_only)
    return SqliteViewStore(database, owned=ExitStack())


def _exists(path: Path) -> bool:
    return path.exists()


async def _open_temporary() -> SqliteViewStore:
    owned = ExitStack()
    folder = Path(owned.enter_context(tempfile.TemporaryDirectory(prefix="baton-views-")))
    return SqliteViewStore(await ViewDatabase.open(folder / "views.db"), owned=owned)


def _row(tenant: str, key: str, document: bytes, *values: str | int | None) -> Row:
    return Row(tenant, key, document, values)
