"""Sets of views in SQLite: each is a file of its own, and rows of baton.db list them.

A promotion changes one row. It locks the file of the live set, so that its checkpoint can't move
while the new set reaches it.
"""

import asyncio
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Final, Literal, TypeAlias

from baton.backends.sqlite.database import folder_of
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.views.temporary_views import open_temporary
from baton.backends.sqlite.views.view_database import (
    ViewDatabase,
    files_of,
    locked,
    stored_checkpoint,
)
from baton.backends.sqlite.views.view_store import SqliteViewStore
from baton.backends.sqlite.writing.transactions import Transactions
from baton.eventlog.errors import Unavailable
from baton.eventlog.failpoints import failpoint
from baton.eventlog.ports.backend import StoreLocation
from baton.eventlog.ports.views import SetIsBehind, SetIsLive, Table, ViewSet, ViewStore
from baton.eventlog.view_sets.choice import (
    choose,
    last_promoted,
    set_of,
    shape_of,
    tables_of,
    with_live,
)

CATCH_UP_S = 1.0
"""The time that a promotion waits for the new set, while the live set is locked, in seconds."""
POLL_S = 0.01

Kind: TypeAlias = Literal["views", "history"]
"""The views of which there are sets; each kind has a live set of its own."""
KINDS: Final[tuple[Kind, ...]] = ("views", "history")

_TABLE = "SELECT count(*) FROM sqlite_master WHERE name = 'view_sets'"
_EVERY = """
SELECT number, shape, created_at, epoch, compared_at, differences
FROM view_sets WHERE kind = ? ORDER BY number"""
_CREATE = "INSERT INTO view_sets (kind, shape, created_at) VALUES (?, ?, ?) RETURNING number"
_COMPARED = "UPDATE view_sets SET compared_at = ?, differences = ? WHERE number = ?"
_PROMOTE = """
UPDATE view_sets SET epoch = ?1 + 1
WHERE number = ?2 AND (SELECT max(epoch) FROM view_sets WHERE kind = ?3) = ?1
RETURNING epoch"""
_DROP = "DELETE FROM view_sets WHERE number = ?"
_FILE = re.compile(r"(views|history)(?:-(\d+))?\.db(?:-wal|-shm)?")


class SqliteViewSets:
    """Implements `ViewSets`; `live` is the store of `Stores.views`."""

    def __init__(
        self,
        location: StoreLocation,
        reading: sqlite3.Connection,
        transactions: Transactions,
        *,
        owner: bool,
        keep_open: Sequence[int] = (),
        kind: Kind = "views",
    ) -> None:
        """`owner` is whether this process has the folder: it alone prepares the live views."""
        self.live = SqliteViewStore(self._prepare_live, close=_keep_open)
        self._kind = kind
        self._folder = folder_of(location)
        self._read_only = location.read_only
        self._owner = owner
        self._keep_open = keep_open
        self._reading = reading
        self._transactions = transactions
        self._databases: dict[int, ViewDatabase] = {}
        self._opening = asyncio.Lock()
        self._temporary: list[ViewStore] = []
        if owner:
            self._delete_unlisted()

    async def every(self) -> Sequence[ViewSet]:
        """Return every set, by number."""
        return self._every()

    async def create(self, tables: Sequence[Table], *, at: int) -> int:
        """Create an empty set and return its number."""
        if self._read_only:
            raise Unavailable("this was opened for reading only")
        (rows,) = await self._transactions.run((_CREATE, (self._kind, shape_of(tables), at)))
        number = int(rows[0][0])
        await self._database(number)
        return number

    async def open(self, number: int) -> ViewStore:
        """Return the store of one set."""
        store = SqliteViewStore(
            partial(self._prepare_one, number), close=partial(self._close_one, number)
        )
        await self._use(store, number)
        return store

    async def open_temporary(self, tables: Sequence[Table]) -> ViewStore:
        """Return an empty set in a folder that ends with the store."""
        store = await open_temporary(tables)
        self._temporary.append(store)
        return store

    async def record_comparison(self, number: int, *, position: int, differences: int) -> None:
        """Save the result of a comparison with the live set."""
        set_of(self._every(), number)
        await self._transactions.run((_COMPARED, (position, differences, number)))

    async def promote(self, number: int, *, even_behind: bool = False) -> int:
        """Make a set the live one."""
        while True:
            set_of(self._every(), number)
            live = last_promoted(self._every())
            if live is not None and live.number == number:
                return live.epoch
            async with self._locked(live):
                if live is not None and not even_behind:
                    await self._caught_up(number, live.number)
                failpoint("before-promotion")
                epoch = 0 if live is None else live.epoch
                (promoted,) = await self._transactions.run((_PROMOTE, (epoch, number, self._kind)))
            if promoted:
                return int(promoted[0][0])

    def read(self, number: int) -> None:
        """Let the live store read a set."""
        tables = tables_of(set_of(self._every(), number).shape)
        self.live.use(self._databases[number], tables)

    async def drop(self, number: int) -> None:
        """Delete a set: first its row, then its files."""
        found, live = set_of(self._every(), number), last_promoted(self._every())
        if live is not None and live.number == found.number:
            raise SetIsLive(f"Set {number} is live")
        await self._transactions.run((_DROP, (number,)))
        failpoint("in-drop")
        await self._close_one(number)
        for file in files_of(self._path(number)):
            file.unlink(missing_ok=True)

    async def reads(self, number: int) -> int | None:  # noqa: ARG002 - implements the port
        """Return None: no other process needs a set."""
        return None

    async def size_bytes(self, number: int) -> int:
        """Return the size of a set's files."""
        found = [file.stat().st_size for file in files_of(self._path(number)) if file.exists()]
        return sum(found)

    async def free_bytes(self) -> int | None:
        """Return the free space of the folder's file system."""
        return shutil.disk_usage(self._folder).free

    async def close(self) -> None:
        """Commit what was accepted, and close every file."""
        for store in self._temporary:
            await store.close()
        for number in list(self._databases):
            await self._databases.pop(number).close()

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._kind}-{number}.db"

    def _every(self) -> Sequence[ViewSet]:
        return with_live(
            [
                ViewSet(
                    number=number,
                    shape=shape,
                    checkpoint=self._checkpoint(number),
                    epoch=epoch,
                    live=False,
                    created_at=created_at,
                    compared_at=compared_at,
                    differences=differences,
                )
                for number, shape, created_at, epoch, compared_at, differences in self._rows()
            ]
        )

    def _rows(self) -> list[tuple[Any, ...]]:
        with as_unavailable(self._folder / "baton.db"):
            if not self._reading.execute(_TABLE).fetchone()[0]:
                return []  # an earlier release has made this folder
            return self._reading.execute(_EVERY, (self._kind,)).fetchall()

    def _checkpoint(self, number: int) -> int:
        database = self._databases.get(number)
        return stored_checkpoint(self._path(number)) if database is None else database.checkpoint()

    async def _database(self, number: int) -> ViewDatabase:
        async with self._opening:
            if number not in self._databases:
                shape = set_of(self._every(), number).shape
                self._databases[number] = await ViewDatabase.open(
                    self._path(number),
                    tables_of(shape),
                    keep_open=self._keep_open,
                    read_only=self._read_only,
                    owner=self._owner,
                )
            return self._databases[number]

    async def _use(self, store: SqliteViewStore, number: int) -> None:
        database = await self._database(number)
        store.use(database, tables_of(set_of(self._every(), number).shape))

    async def _prepare_one(
        self, number: int, store: SqliteViewStore, tables: Sequence[Table]
    ) -> None:
        if set_of(self._every(), number).shape != shape_of(tables):
            raise Unavailable("the set has the tables of another release")
        await self._use(store, number)

    async def _close_one(self, number: int) -> None:
        """Close the file of a set, unless the live store reads it."""
        database = self._databases.get(number)
        if database is not None and not self.live.reads(database):
            del self._databases[number]
            await database.close()

    async def _prepare_live(self, store: SqliteViewStore, tables: Sequence[Table]) -> None:
        choice = choose(self._every(), shape_of(tables))
        number = choice.number
        if not self._owner:
            await self._prepare_to_read(store, tables, None if choice.promote else number)
            return
        if number is None:
            number = await self.create(tables, at=0)
        if choice.promote:
            await self.promote(number, even_behind=True)
        for unread in choice.drop:
            await self.drop(unread)
        await self._use(store, number)

    async def _prepare_to_read(
        self, store: SqliteViewStore, tables: Sequence[Table], live: int | None
    ) -> None:
        """Use the live set, or an empty set if there is none, as after an import."""
        if live is not None and self._path(live).exists():
            await self._use(store, live)
        elif live is None and self._rows():
            raise Unavailable("this was opened for reading only, and the views have other tables")
        else:
            temporary = await open_temporary(tables)
            self._temporary.append(temporary)
            store.use(temporary.database, tables)

    async def _caught_up(self, number: int, live: int) -> None:
        """Wait until a set has reached the position of the live set, which is locked."""
        position, deadline = self._checkpoint(live), monotonic() + CATCH_UP_S
        while (checkpoint := self._checkpoint(number)) < position:
            if monotonic() > deadline:
                raise SetIsBehind(checkpoint, position)
            await asyncio.sleep(POLL_S)

    @asynccontextmanager
    async def _locked(self, live: ViewSet | None) -> AsyncIterator[None]:
        """Keep other processes from writing to the live set until the block ends."""
        if live is None or not self._path(live.number).exists():
            yield
            return
        connection = await asyncio.to_thread(locked, self._path(live.number))
        try:
            yield
        finally:
            connection.close()

    def _delete_unlisted(self) -> None:
        """Delete the files of sets that aren't listed, which an interrupted drop has left."""
        listed = {str(row[0]) for row in self._rows()}
        for file in self._folder.iterdir():
            found = _FILE.fullmatch(file.name)
            if found is not None and found[1] == self._kind and found[2] not in listed:
                with suppress(FileNotFoundError):
                    file.unlink()


async def _keep_open() -> None:
    """Close nothing: the live store uses the file of a set."""
