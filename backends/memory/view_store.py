"""Views in memory: dictionaries of rows, filtered and sorted in Python."""

from collections.abc import Mapping, Sequence

from baton.eventlog.ports.views import Change, Page, Query, Row, Table, ViewStore
from baton.eventlog.rows_in_memory import page_of, value_of

Rows = dict[tuple[str, str], Row]


class MemoryViewStore:
    """Implements `ViewStore`."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._rows: dict[str, Rows] = {}
        self._partial: dict[tuple[str, str], Rows] = {}  # the rows of an index with `where_set`
        self._checkpoint = 0

    async def prepare(self, tables: Sequence[Table]) -> None:
        """Create the tables; if a declaration has changed, all tables start empty."""
        declared = {table.name: table for table in tables}
        if any(self._tables.get(name) != table for name, table in declared.items()):
            self._tables = declared
            self._rows = {name: {} for name in declared}
            self._partial = {
                (table.name, index.where_set): {}
                for table in tables
                for index in table.indexes
                if index.where_set is not None
            }
            self._checkpoint = 0

    async def commit(self, changes: Sequence[Change], *, checkpoint: int) -> None:
        """Apply `changes` and move the checkpoint, together."""
        for change in changes:
            self._apply(change)
        self._checkpoint = checkpoint

    async def checkpoint(self) -> int:
        """Return the position the views hold, 0 when they hold nothing."""
        return self._checkpoint

    async def get(self, table: str, tenant: str, key: str) -> bytes | None:
        """Return one document."""
        row = self._rows[table].get((tenant, key))
        return None if row is None else row.document

    async def get_many(
        self, table: str, keys: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], bytes]:
        """Return the documents that exist of `keys` (tenant, key)."""
        rows = self._rows[table]
        return {key: rows[key].document for key in keys if key in rows}

    async def find(self, query: Query) -> Page:
        """Return a page of documents."""
        return page_of(query, self._tables[query.table], self._candidates(query).values())

    async def scan(
        self, table: str, *, after: tuple[str, str] | None = None, limit: int = 1_000
    ) -> Sequence[Row]:
        """Return rows after `after`, ordered by (tenant, key)."""
        rows = self._rows[table]
        return [rows[key] for key in sorted(rows) if after is None or key > after][:limit]

    async def create_fresh(self) -> ViewStore:
        """Return empty tables of the same declarations."""
        fresh = MemoryViewStore()
        await fresh.prepare(list(self._tables.values()))
        return fresh

    async def swap(self, fresh: ViewStore) -> None:
        """Replace these tables by those of `fresh`."""
        if not isinstance(fresh, MemoryViewStore):
            raise TypeError("only tables of `create_fresh` can replace these")
        self._rows, self._checkpoint = fresh._rows, fresh._checkpoint  # noqa: SLF001 - the same class
        self._partial = fresh._partial  # noqa: SLF001 - as above

    async def close(self) -> None:
        """Do nothing: the memory is freed with the store."""

    def _apply(self, change: Change) -> None:
        rows = self._rows[change.table]
        for row in change.upserts:
            rows[row.tenant, row.key] = row
        for deleted in change.deletes:
            rows.pop(deleted, None)
        for (name, column), indexed in self._partial.items():
            if name == change.table:
                table = self._tables[name]
                for row in change.upserts:
                    if value_of(table, row, column) is None:
                        indexed.pop((row.tenant, row.key), None)
                    else:
                        indexed[row.tenant, row.key] = row
                for deleted in change.deletes:
                    indexed.pop(deleted, None)

    def _candidates(self, query: Query) -> Rows:
        """Return the rows of an index over set values if the query asks for set values, else all.

        Rows of which few have a value would otherwise be searched one by one at every poll.
        """
        for one in query.where:
            indexed = self._partial.get((query.table, one.column)) if one.op == "is_set" else None
            if indexed is not None:
                return indexed
        return self._rows[query.table]
