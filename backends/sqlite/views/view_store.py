"""One set of views, as the tables of a SQLite file."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from baton.backends.sql.view_statements import Statement
from baton.backends.sqlite.views.tables import ViewTable
from baton.backends.sqlite.views.view_database import ViewDatabase
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.views import Change, Page, Query, Row, Table

KEYS_PER_STATEMENT = 200
NO_VIEWS = "the views don't exist yet: start the services"


class SqliteViewStore:
    """Implements `ViewStore` on one set, or on the live set."""

    def __init__(
        self,
        prepare: Callable[["SqliteViewStore", Sequence[Table]], Awaitable[None]],
        *,
        close: Callable[[], Awaitable[None]],
    ) -> None:
        """`prepare` is called with the store and tables; it calls `use`."""
        self.tables: dict[str, ViewTable] = {}
        self._prepare = prepare
        self._close = close
        self._database: ViewDatabase | None = None
        self._known = 0

    @property
    def database(self) -> ViewDatabase:
        """The file; raises `Unavailable` before there is one."""
        if self._database is None:
            raise Unavailable(NO_VIEWS)
        return self._database

    def use(self, database: ViewDatabase, tables: Sequence[Table]) -> None:
        """Read and write this file from now on."""
        self._database = database
        self._known = database.checkpoint()
        self.tables = {table.name: ViewTable(table) for table in tables}

    def reads(self, database: ViewDatabase) -> bool:
        """Return whether this store uses that file."""
        return self._database is database

    async def prepare(self, tables: Sequence[Table]) -> None:
        """Use the set of these tables."""
        await self._prepare(self, tables)

    async def commit(self, changes: Sequence[Change], *, checkpoint: int) -> None:
        """Apply `changes` and move the checkpoint, together."""
        steps = [step for change in changes for step in self._statements(change)]
        await self.database.commit(steps, checkpoint=checkpoint, expected=self._known)
        self._known = checkpoint

    async def checkpoint(self) -> int:
        """Return the position of the views, 0 if they are empty."""
        return 0 if self._database is None else self._database.checkpoint()

    async def get(self, table: str, tenant: str, key: str) -> bytes | None:
        """Return one document."""
        found = self.database.read(self._table(table).get(), (tenant, key))
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
            statement = self._table(table).get_many(len(asked))
            values = [part for key in asked for part in key]
            for tenant, key, document in self.database.read(statement, values):
                found[tenant, key] = document
        return found

    async def find(self, query: Query) -> Page:
        """Return a page of documents."""
        return await self.find_any((query,))

    async def find_any(self, queries: Sequence[Query]) -> Page:
        """Return the page of several queries, of one state."""
        selected, counted = self._table(queries[0].table).page(queries)
        rows = [] if selected is None else await self.database.query(selected)
        total = -1 if counted is None else (await self.database.query(counted))[0][0]
        return Page([_row(*row) for row in rows], total)

    async def scan(
        self, table: str, *, after: tuple[str, str] | None = None, limit: int = 1_000
    ) -> Sequence[Row]:
        """Return rows after `after`, ordered by (tenant, key)."""
        begin = after or ("", "")
        rows = await self.database.query(Statement(self._table(table).scan(), (*begin, limit)))
        return [_row(*row) for row in rows]

    async def close(self) -> None:
        """Close the file, if this store alone uses it."""
        await self._close()

    def _table(self, name: str) -> ViewTable:
        if self._database is None:
            raise Unavailable(NO_VIEWS)
        return self.tables[name]

    def _statements(self, change: Change) -> list[tuple[str, list[str | int | bytes | None]]]:
        """Return the statements of a change with their values, as few as the limits allow."""
        table = self._table(change.table)
        steps: list[tuple[str, list[str | int | bytes | None]]] = []
        for start in range(0, len(change.upserts), table.rows_per_statement):
            rows = change.upserts[start : start + table.rows_per_statement]
            values = [v for row in rows for v in (row.tenant, row.key, row.document, *row.values)]
            steps.append((table.upsert(len(rows)), values))
        for start in range(0, len(change.deletes), table.rows_per_statement):
            keys = change.deletes[start : start + table.rows_per_statement]
            steps.append((table.delete(len(keys)), [part for key in keys for part in key]))
        return steps


def _row(tenant: str, key: str, document: bytes, *values: str | int | None) -> Row:
    return Row(tenant, key, document, values)
