"""A set of views in a temporary file, for processes that may change nothing."""

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from baton.backends.sqlite.database import try_lock
from baton.backends.sqlite.views.view_database import ViewDatabase
from baton.backends.sqlite.views.view_store import SqliteViewStore
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.views import Table

_PREFIX: Final = "baton-views-"
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY
_NEW_S: Final = 60
"""The age, in seconds, from which on a folder without a lock is abandoned; it is locked at once."""


async def open_temporary(tables: Sequence[Table]) -> SqliteViewStore:
    """Return an empty set, whose folder ends when it is closed.

    Folders that killed processes have left behind are removed.
    """
    _remove_abandoned(Path(tempfile.gettempdir()))
    with ExitStack() as opening:
        folder = opening.enter_context(tempfile.TemporaryDirectory(prefix=_PREFIX))
        lock = os.open(folder, _FOLDER)
        opening.callback(os.close, lock)
        if not try_lock(lock):
            raise Unavailable(f"{folder} can't be locked")
        database = await ViewDatabase.open(Path(folder) / "views.db", tables)
        opened = opening.pop_all()

    async def close() -> None:
        await database.close()
        opened.close()

    store = SqliteViewStore(_nothing_to_prepare, close=close)
    store.use(database, tables)
    return store


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # it is another user's, or just removed
            if time.time() - folder.stat().st_mtime > _NEW_S:
                _remove_unlocked(folder)


def _remove_unlocked(folder: Path) -> None:
    lock = os.open(folder, _FOLDER)
    try:
        if try_lock(lock):
            shutil.rmtree(folder)
    finally:
        os.close(lock)


async def _nothing_to_prepare(_store: SqliteViewStore, _tables: Sequence[Table]) -> None:
    """Leave a temporary set as it is."""
