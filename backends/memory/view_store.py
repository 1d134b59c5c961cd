"""Views in memory: dictionaries of rows, filtered and sorted in Python."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from baton.eventlog.ports.views import Change, Page, Query, Row, Table
from baton.eventlog.rows_in_memory import page_of, value_of

Rows = dict[tuple[str, str], Row]


class Content:
    """The tables, rows and checkpoint of one set."""

    def __init__(self, tables: Sequence[Table] = ()) -> None:
        self.tables = {table.name: table for table in tables}
        self.rows: dict[str, Rows] = {table.name: {} for table in tables}
        self.partial: dict[tuple[str, str], Rows] = {  # the rows of an index with `where_set`
            (table.name, index.where_set): {}
            for table in tables
            for index in table.indexes
            if index.where_set is not None
        }
        self.checkpoint = 0


class MemoryViewStore:
    """Implements `ViewStore`."""

    def __init__(self, content: Content | None = None) -> None:
        self.content = content or Content()

    async def prepare(self, tables: Sequence[Table]) -> None:
        """Create the tables; if a declaration has changed, all tables start empty."""
        if any(self.content.tables.get(table.name) != table for table in tables):
            self.content = Content(tables)

    async def commit(self, changes: Sequence[Change], *, checkpoint: int) -> None:
        """Apply `changes` and move the checkpoint, together."""
        for change in changes:
            self._apply(change)
        self.content.checkpoint = checkpoint

    async def checkpoint(self) -> int:
        """Return the position of the views, 0 if they are empty."""
        return self.content.checkpoint

    async def get(self, table: str, tenant: str, key: str) -> bytes | None:
        """Return one document."""
        row = self.content.rows[table].get((tenant, key))
        return None if row is None else row.document

    async def get_many(
        self, table: str, keys: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], bytes]:
        """Return the documents that exist of `keys` (tenant, key)."""
        rows = self.content.rows[table]
        return {key: rows[key].document for key in keys if key in rows}

    async def find(self, query: Query) -> Page:
        """Return a page of documents."""
        return page_of(query, self.content.tables[query.table], self._candidates(query).values())

    async def find_any(self, queries: Sequence[Query]) -> Page:
        """Return the page of several queries."""
        pages = [await self.find(query) for query in queries]
        rows = [row for page in pages for row in page.rows]
        sort = replace(queries[0], where=(), count=False)
        found = page_of(sort, self.content.tables[sort.table], rows)
        return Page(found.rows, sum(page.total for page in pages) if queries[0].count else -1)

    async def scan(
        self, table: str, *, after: tuple[str, str] | None = None, limit: int = 1_000
    ) -> Sequence[Row]:
        """Return rows after `after`, ordered by (tenant, key)."""
        rows = self.content.rows[table]
        return [rows[key] for key in sorted(rows) if after is None or key > after][:limit]

    async def close(self) -> None:
        """Do nothing: the memory is freed with the store."""

    def _apply(self, change: Change) -> None:
        rows = self.content.rows[change.table]
        for row in change.upserts:
            rows[row.tenant, row.key] = row
        for deleted in change.deletes:
            rows.pop(deleted, None)
        for (name, column), indexed in self.content.partial.items():
            if name == change.table:
                table = self.content.tables[name]
                for row in change.upserts:
                    if value_of(table, row, column) is None:
                        indexed.pop((row.tenant, row.key), None)
                    else:
                        indexed[row.tenant, row.key] = row
                for deleted in change.deletes:
                    indexed.pop(deleted, None)

    def _candidates(self, query: Query) -> Rows:
        """Return the rows of a partial index if the query needs only these, else all rows.

        Polls of a column that few rows have set would otherwise search all rows.
        """
        for one in query.where:
            indexed = (
                self.content.partial.get((query.table, one.column)) if one.op == "is_set" else None
            )
            if indexed is not None:
                return indexed
        return self.content.rows[query.table]
