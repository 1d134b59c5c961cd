"""Views as tables of PostgreSQL.

A commit is one statement. It changes nothing if another process has moved the checkpoint since, so
a projector that was taken for dead does no harm when it goes on.
"""

from collections.abc import Mapping, Sequence

from baton.backends.postgres.database import Database, Value, open_database
from baton.backends.postgres.views import view_sets
from baton.backends.postgres.views.checkpoint_notifications import CheckpointNotifications
from baton.backends.postgres.views.tables import ViewTable, column_arrays
from baton.backends.postgres.views.view_sets import (
    LIVE_SCHEMA,
    TEMPORARY_SCHEMA,
    ViewSet,
    state_table,
)
from baton.eventlog.errors import InUse, Unavailable
from baton.eventlog.ports.views import Change, Page, Query, Row, Table, ViewStore

# Commits don't wait for the disk. A crash of the server may undo the newest ones, together with
# their checkpoint, and the projector then folds the same events again.
_MOVE_CHECKPOINT = """moved AS (
    UPDATE {state} SET checkpoint = $1 WHERE generation = $2 AND checkpoint IN ($1, $3)
    RETURNING set_config('synchronous_commit', 'off', true)
)"""
_NOTIFY = "SELECT count(pg_notify('{schema}', $1::bigint::text)) FROM moved"
_IF_MOVED = "EXISTS (SELECT FROM moved)"


class PostgresViewStore:
    """Implements `ViewStore` and `ViewProgress` on one schema of a database."""

    def __init__(
        self, database: Database, *, schema: str = LIVE_SCHEMA, owned: bool = False
    ) -> None:
        """With `owned`, closing the store closes the database."""
        self.database = database
        self.schema = schema
        self._owned = owned
        self.view_set = ViewSet(0, "", 0)
        self.tables: dict[str, ViewTable] = {}
        self._notifications = CheckpointNotifications(database.url, schema, self.checkpoint)

    async def prepare(self, tables: Sequence[Table]) -> None:
        """Create the tables; if a declaration has changed, all tables start empty."""
        shape = view_sets.shape_of(tables)
        async with self.database.connection() as connection:
            found = await view_sets.load(connection, self.schema)
        if found is None or found.shape != shape:
            async with self.database.transaction() as transaction:
                await view_sets.lock(transaction)
                found = await view_sets.load(transaction, self.schema)
                if found is None or found.shape != shape:
                    found = await view_sets.replace(transaction, self.schema, tables)
        self.use(tables, found)

    async def attach(self, tables: Sequence[Table]) -> bool:
        """Use the tables that another process prepared; return False while they don't exist."""
        async with self.database.connection() as connection:
            found = await view_sets.load(connection, self.schema)
        if found is None or found.shape != view_sets.shape_of(tables):
            return False
        self.use(tables, found)
        return True

    async def next_checkpoint(self, after: int) -> int:
        """Wait for and return a checkpoint greater than `after`."""
        return await self._notifications.next_checkpoint(after)

    async def commit(self, changes: Sequence[Change], *, checkpoint: int) -> None:
        """Apply `changes` and move the checkpoint, together.

        Raises `InUse` when another process writes these views now.
        """
        statement, values = self._commit_statement(changes)
        known = (checkpoint, self.view_set.generation, self.view_set.checkpoint)
        ((moved,),) = await self.database.fetch(statement, *known, *values)
        if not moved:
            raise InUse("another process writes the views now")
        self.view_set = self.view_set._replace(checkpoint=checkpoint)

    async def checkpoint(self) -> int:
        """Return the position the views hold, 0 when they hold nothing."""
        async with self.database.connection() as connection:
            found = await view_sets.load(connection, self.schema)
        return found.checkpoint if found else 0

    async def get(self, table: str, tenant: str, key: str) -> bytes | None:
        """Return one document."""
        found = await self.database.look_up(self._table(table).get(), tenant, key)
        return found[0][0] if found else None

    async def get_many(
        self, table: str, keys: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], bytes]:
        """Return the documents that exist of `keys` (tenant, key)."""
        asked = [tenant for tenant, _ in keys], [key for _, key in keys]
        found = await self.database.look_up(self._table(table).get_many(), *asked)
        return {(tenant, key): document for tenant, key, document in found}

    async def find(self, query: Query) -> Page:
        """Return a page of documents."""
        table = self._table(query.table)
        statement, values = table.select(query)
        counted = table.count(query)
        rows = [_row(*found) for found in await self.database.look_up(statement, *values)]
        if not query.count:
            return Page(rows)
        total = await self.database.look_up(counted.sql, *counted.values)
        return Page(rows, int(total[0][0]) if total else 0)

    async def scan(
        self, table: str, *, after: tuple[str, str] | None = None, limit: int = 1_000
    ) -> Sequence[Row]:
        """Return rows after `after`, ordered by (tenant, key)."""
        begin = after or ("", "")
        found = await self.database.look_up(self._table(table).scan(), *begin, limit)
        return [_row(*one) for one in found]

    async def create_fresh(self) -> ViewStore:
        """Return empty tables of the same declarations; temporary ones if this is read-only."""
        tables = [table.declared for table in self.tables.values()]
        if self.database.read_only:
            return await _open_temporary(self.database.url, tables)
        async with self.database.transaction() as transaction:
            await view_sets.lock(transaction)
            schema, made = await view_sets.create_staging(transaction, tables)
        fresh = PostgresViewStore(self.database, schema=schema)
        fresh.use(tables, made)
        return fresh

    async def swap(self, fresh: ViewStore) -> None:
        """Make the tables of `fresh` the live ones."""
        if not isinstance(fresh, PostgresViewStore) or fresh.database is not self.database:
            raise Unavailable("only tables of `create_fresh` can replace these")
        tables = [table.declared for table in fresh.tables.values()]
        async with self.database.transaction() as transaction:
            await view_sets.lock(transaction)
            await view_sets.swap(transaction, fresh.schema, tables)
        self.use(tables, fresh.view_set)

    async def close(self) -> None:
        """Stop listening, and close the database if this store owns it."""
        await self._notifications.close()
        if self._owned:
            await self.database.close()

    def use(self, tables: Sequence[Table], view_set: ViewSet) -> None:
        """Use tables that exist."""
        self.view_set = view_set
        self.tables = {table.name: ViewTable(table, self.schema) for table in tables}

    def _table(self, name: str) -> ViewTable:
        if not self.tables:
            raise Unavailable("the views don't exist yet: start a projector")
        return self.tables[name]

    def _commit_statement(self, changes: Sequence[Change]) -> tuple[str, list[Value]]:
        """Return the statement of a commit, and its values from the fourth on."""
        parts = [_MOVE_CHECKPOINT.format(state=state_table(self.schema))]
        values: list[Value] = []
        for change in changes:
            table, first = self._table(change.table), len(values) + 4
            values += column_arrays(change)
            acts = table.change_statements(change, first, _IF_MOVED)
            parts += [f"s{number} AS ({act})" for number, act in enumerate(acts, len(parts))]
        return f"WITH {', '.join(parts)} {_NOTIFY.format(schema=self.schema)}", values


async def _open_temporary(url: str, tables: Sequence[Table]) -> PostgresViewStore:
    """Return empty temporary tables; they belong to one connection and end with it."""
    database = await open_database(url, single=True)
    store = PostgresViewStore(database, schema=TEMPORARY_SCHEMA, owned=True)
    try:
        async with database.transaction() as transaction:
            store.use(tables, await view_sets.create(transaction, TEMPORARY_SCHEMA, tables, 0))
    except BaseException:
        await database.close()
        raise
    return store


def _row(tenant: str, key: str, document: bytes, *values: str | int | None) -> Row:
    return Row(tenant, key, document, values)
