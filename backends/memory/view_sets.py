"""Sets of views in memory."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from baton.backends.memory.view_store import Content, MemoryViewStore
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.views import SetIsBehind, SetIsLive, Table, ViewSet, ViewStore
from baton.eventlog.view_sets.choice import (
    choose,
    last_promoted,
    set_of,
    shape_of,
    with_live,
)


class MemoryViewSets:
    """Implements `ViewSets`; `live` is the store of `Stores.views`."""

    def __init__(self) -> None:
        self.live = _LiveViews(self)
        self._numbers = count(1)
        self._sets: dict[int, ViewSet] = {}
        self._contents: dict[int, Content] = {}

    async def every(self) -> Sequence[ViewSet]:
        """Return every set, by number."""
        return with_live(
            [
                replace(one, checkpoint=self._contents[one.number].checkpoint)
                for one in self._sets.values()
            ]
        )

    async def create(self, tables: Sequence[Table], *, at: int) -> int:
        """Create an empty set and return its number."""
        number = next(self._numbers)
        self._contents[number] = Content(tables)
        self._sets[number] = ViewSet(
            number=number, shape=shape_of(tables), checkpoint=0, epoch=0, live=False, created_at=at
        )
        return number

    async def open(self, number: int) -> ViewStore:
        """Return the store of one set."""
        await self._existing(number)
        return _StoreOfSet(self._contents[number])

    async def open_temporary(self, tables: Sequence[Table]) -> ViewStore:
        """Return an empty set that isn't listed."""
        return MemoryViewStore(Content(tables))

    async def record_comparison(self, number: int, *, position: int, differences: int) -> None:
        """Save the result of a comparison with the live set."""
        found = await self._existing(number)
        self._sets[number] = replace(found, compared_at=position, differences=differences)

    async def promote(self, number: int, *, even_behind: bool = False) -> int:
        """Make a set the live one."""
        found, live = await self._existing(number), last_promoted(await self.every())
        if live is not None and live.number == number:
            return live.epoch
        if live is not None and not even_behind and found.checkpoint < live.checkpoint:
            raise SetIsBehind(found.checkpoint, live.checkpoint)
        epoch = 1 if live is None else live.epoch + 1
        self._sets[number] = replace(found, epoch=epoch)
        return epoch

    def read(self, number: int) -> None:
        """Let the live store read a set."""
        self.live.content = self._contents[number]

    async def drop(self, number: int) -> None:
        """Delete a set."""
        found, live = await self._existing(number), last_promoted(await self.every())
        if live is not None and live.number == found.number:
            raise SetIsLive(f"Set {number} is live")
        del self._sets[number]
        del self._contents[number]

    async def reads(self, number: int) -> int | None:  # noqa: ARG002 - implements the port
        """Return None: no other process needs a set."""
        return None

    async def size_bytes(self, number: int) -> int:
        """Return the size of a set's documents."""
        await self._existing(number)
        tables = self._contents[number].rows.values()
        return sum(len(row.document) for rows in tables for row in rows.values())

    async def free_bytes(self) -> int | None:
        """Return None: memory isn't measured."""
        return None

    async def prepare(self, tables: Sequence[Table]) -> int:
        """Return the set that processes with these tables read, creating it if there is none."""
        choice = choose(await self.every(), shape_of(tables))
        number = choice.number
        if number is None:
            number = await self.create(tables, at=0)
        if choice.promote:
            await self.promote(number, even_behind=True)
        for unread in choice.drop:
            await self.drop(unread)
        return number

    async def _existing(self, number: int) -> ViewSet:
        return set_of(await self.every(), number)


class _LiveViews(MemoryViewStore):
    """The live set."""

    def __init__(self, sets: MemoryViewSets) -> None:
        super().__init__()
        self._sets = sets

    async def prepare(self, tables: Sequence[Table]) -> None:
        """Use the live set of these tables."""
        self._sets.read(await self._sets.prepare(tables))


class _StoreOfSet(MemoryViewStore):
    """One set, live or not."""

    async def prepare(self, tables: Sequence[Table]) -> None:
        """Raise `Unavailable` for other tables than those of the set."""
        if {table.name: table for table in tables} != self.content.tables:
            raise Unavailable("the set has the tables of another release")
