"""One set of views, as tables of PostgreSQL.

A commit is one statement. It changes nothing if another process has moved the checkpoint, so a
projector that continues after it was replaced does no harm.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from baton.backends.postgres.database import Database, Value
from baton.backends.postgres.views.checkpoint_notifications import CheckpointNotifications
from baton.backends.postgres.views.tables import ViewTable, column_arrays
from baton.domain.frozen import frozen
from baton.eventlog.errors import InUse, Unavailable
from baton.eventlog.ports.views import Change, Page, Query, Row, Table

# Commits don't wait for the disk. A crash of the server may undo the newest ones, together with
# their checkpoint, and the projector then folds the same events again.
_MOVE_CHECKPOINT = """moved AS (
    UPDATE {checkpoints} SET checkpoint = $1 WHERE number = $2 AND checkpoint IN ($1, $3)
    RETURNING live, set_config('synchronous_commit', 'off', true)
)"""
# A set that isn't live moves in silence: followers take every notification for the live position.
_NOTIFY = """
SELECT count(*), count(pg_notify('{channel}', $1::bigint::text)) FILTER (WHERE live) FROM moved"""
_IF_MOVED = "EXISTS (SELECT FROM moved)"
_CHECKPOINT = "SELECT checkpoint FROM {checkpoints} WHERE number = $1"
_LIVE_CHECKPOINT = "SELECT checkpoint FROM {checkpoints} WHERE live AND shape_digest = $1"


@frozen
class WrittenSet:
    """The set that a store writes to; `checkpoint` is the last one that this process committed."""

    schema: str
    number: int
    checkpoint: int


class PostgresViewStore:
    """Implements `ViewStore` on one set, or on the live set."""

    def __init__(
        self,
        database: Database,
        prepare: Callable[["PostgresViewStore", Sequence[Table]], Awaitable[None]],
        *,
        close: Callable[[], Awaitable[None]],
        channel: str = "baton_views",
        checkpoints: str = "baton.view_checkpoints",
    ) -> None:
        """`prepare` is called with the store and tables; it calls `use`.

        `channel` is notified of the checkpoints of a live set, `checkpoints` is the quoted name of
        the table of checkpoints.
        """
        self.database = database
        self.written = WrittenSet(schema="", number=0, checkpoint=0)
        self.tables: dict[str, ViewTable] = {}
        self._written_tables: dict[str, ViewTable] = {}
        self._live_digest: str | None = None
        self._prepare = prepare
        self._close = close
        self._channel = channel
        self._checkpoints = checkpoints
        self._notifications = CheckpointNotifications(database.url, channel, self.checkpoint)

    def use(
        self,
        tables: Sequence[Table],
        written: WrittenSet,
        *,
        live: tuple[str, str] | None = None,
    ) -> None:
        """Use tables that exist.

        Args:
            tables: Their declarations.
            written: The set to write to.
            live: The schema to read from and the digest of the declarations, to read whichever set
                is live; None reads the set that is written.
        """
        read, self._live_digest = live or (written.schema, None)
        self.written = written
        self.tables = {table.name: ViewTable(table, read) for table in tables}
        self._written_tables = {table.name: ViewTable(table, written.schema) for table in tables}

    async def prepare(self, tables: Sequence[Table]) -> None:
        """Use the set of these tables."""
        await self._prepare(self, tables)

    async def next_checkpoint(self, after: int) -> int:
        """Wait for and return a checkpoint greater than `after`."""
        return await self._notifications.next_checkpoint(after)

    async def commit(self, changes: Sequence[Change], *, checkpoint: int) -> None:
        """Apply `changes` and move the checkpoint, together.

        Raises `InUse` when another process writes these views now.
        """
        statement, values = self._commit_statement(changes)
        known = (checkpoint, self.written.number, self.written.checkpoint)
        ((moved, _),) = await self.database.fetch(statement, *known, *values)
        if not moved:
            raise InUse("another process writes the views now")
        self.written = replace(self.written, checkpoint=checkpoint)

    async def checkpoint(self) -> int:
        """Return the position of the views, 0 if they are empty."""
        asked = (
            (_CHECKPOINT, self.written.number)
            if self._live_digest is None
            else (_LIVE_CHECKPOINT, self._live_digest)
        )
        statement = asked[0].format(checkpoints=self._checkpoints)
        found = await self.database.fetch(statement, asked[1])
        return int(found[0][0]) if found else 0

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
        return await self.find_any((query,))

    async def find_any(self, queries: Sequence[Query]) -> Page:
        """Return the page of several queries, of one state."""
        selected, counted = self._table(queries[0].table).page(queries)
        rows: list[Row] = []
        if selected is not None:
            found = await self.database.look_up(selected.sql, *selected.values)
            rows = [_row(*one) for one in found]
        if counted is None:
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

    async def close(self) -> None:
        """Stop listening, and release what this store alone uses."""
        await self._notifications.close()
        await self._close()

    def _table(self, name: str) -> ViewTable:
        if not self.tables:
            raise Unavailable("the views don't exist yet: start a projector")
        return self.tables[name]

    def _commit_statement(self, changes: Sequence[Change]) -> tuple[str, list[Value]]:
        """Return the statement of a commit, and its values from the fourth on."""
        parts = [_MOVE_CHECKPOINT.format(checkpoints=self._checkpoints)]
        values: list[Value] = []
        for change in changes:
            table, first = self._written_tables[change.table], len(values) + 4
            values += column_arrays(change)
            acts = table.change_statements(change, first, _IF_MOVED)
            parts += [f"s{number} AS ({act})" for number, act in enumerate(acts, len(parts))]
        return f"WITH {', '.join(parts)} {_NOTIFY.format(channel=self._channel)}", values


async def keep_open() -> None:
    """Release nothing: the store uses the database of the process."""


def _row(tenant: str, key: str, document: bytes, *values: str | int | None) -> Row:
    return Row(tenant, key, document, values)
