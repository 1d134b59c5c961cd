"""Compares two sets of views row by row, while both follow the log.

The sets needn't stop at the same position. A row that differs in the scan is read again, in both
sets, at positions that can be compared.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from time import monotonic
from typing import Final

from baton.domain.frozen import frozen
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.views import Filter, Query, Row, Table, ViewStore
from baton.projector.view import Key

REACH_S: Final = 10.0
"""The time without progress, in seconds, after which a set that is behind counts as stopped."""
POLL_S: Final = 0.01
SCAN: Final = 1_000
"""The number of rows of one read."""

Reach = Callable[[int], Awaitable[None]]
"""Called with a position; returns when the compared set has reached it."""
OnRows = Callable[[int], object]
"""Called with the number of rows of the live set that have been compared."""


@frozen
class Difference:
    """A row that differs; None means that a set lacks the row."""

    table: str
    tenant: str
    key: str
    live: Row | None
    rebuilt: Row | None


class Comparison:
    """Compares `other` with `live`. All methods raise `Unavailable`, also if a set has stopped.

    Args:
        live: The live set.
        other: The set to compare.
        tables: The tables that both sets have.
        reach: Waits until `other` has reached a position; default: polls its checkpoint.
        sample: The number of rows of each table to compare; None compares all rows.
        resting: Whether to pause after each read for as long as the read took, so that the
            comparison hardly slows services down.
        on_rows: Called after each read of the live set.
    """

    def __init__(
        self,
        live: ViewStore,
        other: ViewStore,
        tables: Sequence[Table],
        *,
        reach: Reach | None = None,
        sample: int | None = None,
        resting: bool = False,
        on_rows: OnRows = lambda _: None,
    ) -> None:
        self._live = live
        self._other = other
        self._tables = tables
        self._reach = reach or self._wait_for_other
        self._sample = sample
        self._resting = resting
        self._on_rows = on_rows
        self._compared = 0

    async def differences(self) -> AsyncIterator[Difference]:
        """Yield every row that differs, by table, tenant and key."""
        await self._reach(await self._live.checkpoint())
        for table in self._tables:
            async for key in self._candidates(table.name):
                found = await self._difference(table.name, key)
                if found is not None:
                    yield found

    async def first(self, limit: int) -> list[Difference]:
        """Return the first `limit` differences."""
        found: list[Difference] = []
        async for one in self.differences():
            found.append(one)
            if len(found) == limit:
                break
        return found

    async def _candidates(self, table: str) -> AsyncIterator[Key]:
        """Yield the keys whose rows differed when they were scanned."""
        live, other = self._scan(self._live, table), self._scan(self._other, table)
        one, another = await anext(live, None), await anext(other, None)
        while one is not None or another is not None:
            first = min(_key(row) for row in (one, another) if row is not None)
            left = one if one is not None and _key(one) == first else None
            right = another if another is not None and _key(another) == first else None
            if left != right:
                yield first
            one = one if left is None else await anext(live, None)
            another = another if right is None else await anext(other, None)

    async def _difference(self, table: str, key: Key) -> Difference | None:
        """Compare one row, and repeat the comparison while events change the row.

        The row of the other set is read between two reads of the live row, at a position between
        theirs. If these two are equal, the other row must be equal too, unless one event changed
        the live row and another event changed it back. A difference therefore counts only if it is
        found twice.
        """
        seen: tuple[Row | None, Row | None] | None = None
        while True:
            before = await _row(self._live, table, key)
            if before == await _row(self._other, table, key):
                return None
            await self._reach(await self._live.checkpoint())
            rebuilt = await _row(self._other, table, key)
            await _wait_for(self._live, await self._other.checkpoint())
            after = await _row(self._live, table, key)
            if rebuilt in (before, after):
                return None
            if before == after:
                if seen == (before, rebuilt):
                    return Difference(
                        table=table, tenant=key[0], key=key[1], live=before, rebuilt=rebuilt
                    )
                seen = (before, rebuilt)

    async def _scan(self, store: ViewStore, table: str) -> AsyncIterator[Row]:
        """Yield the rows of a table, up to the first page that isn't full.

        Under load, new rows with higher keys appear all the time, so the scan would never end.
        """
        after: Key | None = None
        left = self._sample
        while left != 0:
            begun = monotonic()
            limit = SCAN if left is None else min(left, SCAN)
            rows = await store.scan(table, after=after, limit=limit)
            if self._resting:
                await asyncio.sleep(monotonic() - begun)
            for row in rows:
                yield row
            if store is self._live:
                self._compared += len(rows)
                self._on_rows(self._compared)
            if len(rows) < limit:
                return
            after = _key(rows[-1])
            left = None if left is None else left - len(rows)

    async def _wait_for_other(self, position: int) -> None:
        await _wait_for(self._other, position)


def common_tables(some: Sequence[Table], others: Sequence[Table]) -> Sequence[Table]:
    """Return the tables that both sets declare in the same way."""
    return [table for table in some if table in others]


async def _wait_for(store: ViewStore, position: int) -> None:
    """Wait until a set has reached a position; raises `Unavailable` if it has stopped."""
    last, deadline = -1, 0.0
    while (found := await store.checkpoint()) < position:
        if found > last:
            last, deadline = found, monotonic() + REACH_S
        if monotonic() > deadline:
            raise Unavailable(
                f"a set of views stays at position {found} instead of reaching {position}:"
                " start the services"
            )
        await asyncio.sleep(POLL_S)


async def _row(store: ViewStore, table: str, key: Key) -> Row | None:
    where = (Filter(column="key", op="=", value=key[1]),)
    rows = (await store.find(Query(table=table, tenant=key[0], where=where, limit=1))).rows
    return rows[0] if rows else None


def _key(row: Row) -> Key:
    return row.tenant, row.key
