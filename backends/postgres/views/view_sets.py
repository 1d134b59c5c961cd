"""Sets of views in PostgreSQL: each has its tables in a schema of its own.

A promotion changes what the live schema of a release shows, so every process sees it at once.
"""

from collections.abc import Sequence
from functools import partial

from baton.backends.postgres.database import Database, open_database
from baton.backends.postgres.views import catalog
from baton.backends.postgres.views.view_store import PostgresViewStore, WrittenSet, keep_open
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.views import Table, ViewSet, ViewStore
from baton.eventlog.view_sets.choice import choose, set_of, shape_of, tables_of

_COMPARED = "UPDATE baton.view_sets SET compared_at = $2, differences = $3 WHERE number = $1"
_READS = """
SELECT coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0)
FROM pg_stat_user_tables WHERE schemaname = $1"""
_SIZE = """
SELECT coalesce(sum(pg_total_relation_size(oid)), 0)
FROM pg_class WHERE relkind = 'r' AND relnamespace = to_regnamespace($1)"""


class PostgresViewSets:
    """Implements `ViewSets`; `live` is the store of `Stores.views`."""

    def __init__(self, database: Database, *, kind: catalog.Kind = "views") -> None:
        self.live = PostgresViewStore(
            database, self._prepare_live, close=keep_open, channel=f"baton_{kind}"
        )
        self._kind: catalog.Kind = kind
        self._database = database
        self._temporary: list[ViewStore] = []

    async def every(self) -> Sequence[ViewSet]:
        """Return every set, by number."""
        async with self._database.connection() as connection:
            return await catalog.every(connection, self._kind)

    async def create(self, tables: Sequence[Table], *, at: int) -> int:
        """Create an empty set and return its number."""
        async with self._database.transaction() as transaction:
            await transaction.execute(catalog.LOCK)
            return await catalog.create(transaction, self._kind, tables, at=at)

    async def open(self, number: int) -> ViewStore:
        """Return the store of one set."""
        store = PostgresViewStore(
            self._database,
            partial(self._prepare_one, number),
            close=keep_open,
            channel=f"baton_{self._kind}",
        )
        found = set_of(await self.every(), number)
        store.use(tables_of(found.shape), self._written(found))
        return store

    async def open_temporary(self, tables: Sequence[Table]) -> ViewStore:
        """Return empty temporary tables; they belong to one connection and end with it."""
        database = await open_database(self._database.url, single=True)
        store = PostgresViewStore(
            database,
            _nothing_to_prepare,
            close=database.close,
            checkpoints=catalog.TEMPORARY_CHECKPOINTS,
        )
        try:
            async with database.transaction() as transaction:
                await catalog.create_tables(transaction, tables, catalog.TEMPORARY_SCHEMA)
        except BaseException:
            await database.close()
            raise
        store.use(tables, WrittenSet(schema=catalog.TEMPORARY_SCHEMA, number=0, checkpoint=0))
        self._temporary.append(store)
        return store

    async def record_comparison(self, number: int, *, position: int, differences: int) -> None:
        """Save the result of a comparison with the live set."""
        set_of(await self.every(), number)
        await self._database.fetch(_COMPARED, number, position, differences)

    async def promote(self, number: int, *, even_behind: bool = False) -> int:
        """Make a set the live one."""
        async with self._database.transaction() as transaction:
            await transaction.execute(catalog.LOCK)
            return await catalog.promote(transaction, self._kind, number, even_behind=even_behind)

    def read(self, number: int) -> None:
        """Do nothing: a promotion changes what every process reads."""

    async def drop(self, number: int) -> None:
        """Delete a set."""
        async with self._database.transaction() as transaction:
            await transaction.execute(catalog.LOCK)
            await catalog.drop(transaction, self._kind, number)

    async def reads(self, number: int) -> int | None:
        """Return the number of scans of the set's tables."""
        return int(
            (await self._database.fetch(_READS, catalog.schema_of(self._kind, number)))[0][0]
        )

    async def size_bytes(self, number: int) -> int:
        """Return the size of a set's tables."""
        return int((await self._database.fetch(_SIZE, catalog.schema_of(self._kind, number)))[0][0])

    async def free_bytes(self) -> int | None:
        """Return None: the server doesn't say how much space it has."""
        return None

    async def attach(self, tables: Sequence[Table]) -> bool:
        """Read the live set that another process prepared; return False if there is none."""
        choice = choose(await self.every(), shape_of(tables))
        if choice.number is None or choice.promote:
            return False
        await self._use_live(self.live, tables, choice.number)
        return True

    async def next_checkpoint(self, after: int) -> int:
        """Wait for and return a checkpoint greater than `after`."""
        return await self.live.next_checkpoint(after)

    async def close(self) -> None:
        """Stop listening, and close the temporary sets."""
        for store in (self.live, *self._temporary):
            await store.close()

    async def _prepare_live(self, store: PostgresViewStore, tables: Sequence[Table]) -> None:
        choice = choose(await self.every(), shape_of(tables))
        number = choice.number
        if number is None or choice.promote:
            async with self._database.transaction() as transaction:
                await transaction.execute(catalog.LOCK)
                number = await catalog.choose_set(transaction, self._kind, tables)
        await self._use_live(store, tables, number)

    async def _use_live(
        self, store: PostgresViewStore, tables: Sequence[Table], number: int
    ) -> None:
        digest = catalog.digest_of(shape_of(tables))
        written = self._written(set_of(await self.every(), number))
        store.use(tables, written, live=(catalog.live_schema(self._kind, digest), digest))

    async def _prepare_one(
        self, number: int, store: PostgresViewStore, tables: Sequence[Table]
    ) -> None:
        found = set_of(await self.every(), number)
        if found.shape != shape_of(tables):
            raise Unavailable("the set has the tables of another release")
        store.use(tables, self._written(found))

    def _written(self, found: ViewSet) -> WrittenSet:
        schema = catalog.schema_of(self._kind, found.number)
        return WrittenSet(schema=schema, number=found.number, checkpoint=found.checkpoint)


async def _nothing_to_prepare(_store: PostgresViewStore, _tables: Sequence[Table]) -> None:
    """Leave a temporary set as it is."""
