"""A read-only event store that ends at a position."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NoReturn

from baton.eventlog.events.envelope import Appended, Conflict, Recorded, Selection, Write
from baton.eventlog.ports.stores import EventStore

MAX_STREAMS: Final = 512
"""The number of cached streams; one request reads the stream of a run several times."""


class EventsAsOf:
    """Implements `EventStore` with the events of `store` up to `position`, for one request.

    `head` is the position of the last of these events.
    """

    def __init__(self, store: EventStore, position: int, *, head: int) -> None:
        self.position = position
        self._head = head
        self._store = store
        self._streams: OrderedDict[str, Sequence[Recorded]] = OrderedDict()

    async def append(self, writes: Sequence[Write]) -> Appended | Conflict:
        """Raise TypeError: this store is read-only."""
        self._refuse(writes)

    async def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        """Return the events of one stream with versions greater than `after`, in order."""
        known = self._streams.get(stream)
        if known is None:
            found = await self._store.read(stream)
            known = [one for one in found if one.position <= self.position]
            if len(self._streams) >= MAX_STREAMS:
                self._streams.popitem(last=False)
            self._streams[stream] = known
        return known[after:]

    async def read_all(self, *, after: int, limit: int) -> Sequence[Recorded]:
        """Return up to `limit` events of all streams with positions greater than `after`."""
        if after >= self.position:
            return ()
        found = await self._store.read_all(after=after, limit=limit)
        return [one for one in found if one.position <= self.position]

    async def select(self, wanted: Selection) -> Sequence[Recorded]:
        """Return the events of a selection."""
        up_to = min(wanted.up_to, self.position)
        return await self._store.select(replace(wanted, up_to=up_to))

    async def head(self) -> int:
        """Return the position of the newest event, 0 if there is none."""
        return self._head

    async def close(self) -> None:
        """Do nothing: the store belongs to the process."""

    def _refuse(self, writes: Sequence[Write]) -> NoReturn:
        names = ", ".join(write.stream for write in writes)
        message = f"{names}: nothing can be appended as of position {self.position}"
        raise TypeError(message)
