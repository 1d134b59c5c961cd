"""Converts times to positions of the log, and positions to times.

The times of events don't always increase with their positions. The time of a position is therefore
the greatest time of any event up to it. The notary's leaf blocks hold that time for every 1,024
events, so a search reads a few blocks and the events of one block. Events that aren't sealed yet
are read once, and the times at the ends of their pages are cached.
"""

from bisect import bisect_right
from collections import OrderedDict
from typing import Final, NamedTuple

from baton.eventlog.notary.event_time import time_of
from baton.eventlog.ports.audit.leaf_store import LeafBlock, LeafStore

PAGE: Final = 1_024
"""The number of events per read, and between two marks."""
MAX_MARKS: Final = 4_096
"""The number of marks from which on every second one is dropped."""
CACHED: Final = 1_024
"""The number of cached moments; all requests of one page ask for the same position."""


class Moment(NamedTuple):
    """The position of an event and the greatest time of any event up to it, ms since the epoch.

    Both are 0 before the first event.
    """

    position: int
    max_at: int


class Moments:
    """Finds positions by times and times by positions; raises `Unavailable`."""

    def __init__(self, leaves: LeafStore) -> None:
        self._leaves = leaves
        self._marks = [Moment(0, 0)]
        self._cache: OrderedDict[int, Moment] = OrderedDict()

    async def position_at(self, at: int) -> int:
        """Return the position before the first event later than `at` (ms), else the newest one."""
        begin = await self._last_mark_by_time(at)
        after = begin.position
        while page := await self._leaves.events(after=after, limit=PAGE):
            for event in page:
                if time_of(event.state) > at:
                    return event.position - 1
            after = page[-1].position
        return after

    async def moment_at(self, position: int) -> Moment:
        """Return the moment of the last event up to `position`."""
        found = self._cache.get(position)
        if found is None:
            found = await self._read_moment(position)
            if found.position == position:  # otherwise the log may not have reached it yet
                self._put(found)
        return found

    def _put(self, found: Moment) -> None:
        if len(self._cache) >= CACHED:
            self._cache.popitem(last=False)
        self._cache[found.position] = found

    async def _read_moment(self, position: int) -> Moment:
        found = await self._last_mark_by_position(position)
        while found.position < position:
            limit = min(PAGE, position - found.position)
            page = await self._leaves.events(after=found.position, limit=limit)
            counted = [one for one in page if one.position <= position]
            if not counted:
                break
            greatest = max(found.max_at, *(time_of(one.state) for one in counted))
            found = Moment(counted[-1].position, greatest)
        return found

    async def _last_mark_by_time(self, at: int) -> Moment:
        """Return the last known position up to which no event is later than `at`."""
        sealed = await self._sealed()
        if sealed is not None and _end(sealed).max_at > at:
            return await self._search(at, sealed.number)
        await self._extend_marks()
        return self._marks[max(0, bisect_right(self._marks, at, key=lambda one: one.max_at) - 1)]

    async def _last_mark_by_position(self, position: int) -> Moment:
        block = await self._leaves.block_at(position)
        if block is not None and position < block.last_position:
            return await self._end_of(block.number - 1)
        await self._sealed()
        await self._extend_marks()
        known = bisect_right(self._marks, position, key=lambda one: one.position)
        if known:
            return self._marks[known - 1]
        return Moment(0, 0) if block is None else _end(block)

    async def _sealed(self) -> LeafBlock | None:
        """Return the last block, and drop the marks before its end."""
        block = await self._leaves.block_at(await self._leaves.newest())
        if block is not None and block.last_position > self._marks[0].position:
            self._marks = [_end(block)]
        return block

    async def _search(self, at: int, later: int) -> Moment:
        """Return the end of the last block without an event later than `at`.

        Args:
            at: The time in ms.
            later: The number of a block that has a later event.
        """
        lowest = 0
        while lowest < later:
            middle = (lowest + later) // 2
            if (await self._end_of(middle)).max_at > at:
                later = middle
            else:
                lowest = middle + 1
        return await self._end_of(lowest - 1)

    async def _end_of(self, number: int) -> Moment:
        """Return the end of a block; number -1 stands for the beginning of the log."""
        if number < 0:
            return Moment(0, 0)
        (block,) = await self._leaves.blocks(first=number, limit=1)
        return _end(block)

    async def _extend_marks(self) -> None:
        """Read the full pages of events after the last mark, and add a mark for each."""
        while True:
            after, greatest = self._marks[-1]
            page = await self._leaves.events(after=after, limit=PAGE)
            if len(page) < PAGE:
                return
            greatest = max(greatest, *(time_of(one.state) for one in page))
            if self._marks[-1].position == after:  # no concurrent request has added this mark
                self._marks.append(Moment(page[-1].position, greatest))
                if len(self._marks) > MAX_MARKS:
                    del self._marks[1:-1:2]


def _end(block: LeafBlock) -> Moment:
    return Moment(block.last_position, block.max_at)
