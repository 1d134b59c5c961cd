"""A set of views in a temporary file, for processes that may change nothing."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from baton.backends.sqlite.views.view_database import ViewDatabase
from baton.backends.sqlite.views.view_store import SqliteViewStore
from baton.eventlog.ports.views import Table


async def open_temporary(tables: Sequence[Table]) -> SqliteViewStore:
    """Return an empty set, whose folder ends when it is closed."""
    folder = tempfile.TemporaryDirectory(prefix="baton-views-")
    database = await ViewDatabase.open(Path(folder.name) / "views.db", tables)

    async def close() -> None:
        await database.close()
        folder.cleanup()

    store = SqliteViewStore(_nothing_to_prepare, close=close)
    store.use(database, tables)
    return store


async def _nothing_to_prepare(_store: SqliteViewStore, _tables: Sequence[Table]) -> None:
    """Leave a temporary set as it is."""
