"""Rebuilds the views from the events, beside the live ones, and compares the two.

A live view that differs from the rebuilt one, byte for byte, is damaged or isn't a pure fold.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.stores import EventStore
from baton.eventlog.ports.views import Filter, Query, Row, ViewStore
from baton.projector.batch import Batch, read_missing
from baton.projector.view import Key, View
from baton.projector.views import every_view

OnProgress = Callable[[int, int], None]
"""Callback(done, total): the positions of the log folded so far, and those to fold in all."""

READ_BATCH = 1_000
"""Events read from the log at once."""
COMMIT_EVERY = 10_000
"""Events folded between two commits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A row that differs from the events' result; None stands for no row."""

    table: str
    tenant: str
    key: str
    live: Row | None
    rebuilt: Row | None


def _ignore_progress(done: int, total: int) -> None:
    """Default progress callback: does nothing."""


class Rebuild:
    """One rebuild of every view. The live views may change meanwhile.

    All methods raise `Unavailable`.
    """

    def __init__(
        self, events: EventStore, live: ViewStore, fresh: ViewStore, views: Sequence[View[Any]]
    ) -> None:
        self._events = events
        self._live = live
        self._fresh = fresh
        self._views = views
        self._batch = Batch(views, position=0)

    @property
    def position(self) -> int:
        """The position of the log up to which the views are rebuilt."""
        return self._batch.position

    async def advance_to(
        self, position: int, *, at: int | None = None, progress: OnProgress = _ignore_progress
    ) -> int:
        """Fold the events up to `position`; return the position of the last one folded.

        Args:
            at: Stops before the first event that is later than this time (ms since the epoch, UTC).
            progress: Called after each read of the log, on the event loop.
        """
        start, total = self.position, max(0, position - self.position)
        while events := await self._next(position, at):
            await self._fold(events)
            if self._batch.pending >= COMMIT_EVERY:
                await self._commit()
            progress(min(total, self.position - start), total)
        await self._commit()
        progress(total, total)
        return self.position

    async def first_difference(self) -> Difference | None:
        """Catch up with the live views and return the first row that differs.

        Raises ValueError when the rebuilt views are ahead of the live ones.
        """
        await self._catch_up(await self._live.checkpoint())
        for view in self._views:
            async for key in self._candidates(view.name):
                found = await self._difference(view.name, key)
                if found is not None:
                    return found
        return None

    async def swap(self) -> None:
        """Replace the live views; a projector then continues from the rebuilt ones' checkpoint."""
        await self._live.swap(self._fresh)

    async def close(self) -> None:
        """Drop the rebuilt views, unless `swap` has made them the live ones."""
        await self._fresh.close()

    async def _next(self, position: int, at: int | None) -> Sequence[Recorded]:
        if self.position >= position:
            return ()
        found = await self._events.read_all(after=self.position, limit=READ_BATCH)
        for index, recorded in enumerate(found):
            if recorded.position > position or (at is not None and _time_of(recorded) > at):
                return found[:index]
        return found

    async def _fold(self, events: Sequence[Recorded]) -> None:
        while (done := self._batch.fold(events)) < len(events):
            events = events[done:]
            await read_missing(self._batch, self._fresh, events)

    async def _commit(self) -> None:
        if self._batch.pending:
            await self._fresh.commit(self._batch.take_changes(), checkpoint=self.position)
            self._batch.mark_committed()

    async def _catch_up(self, position: int) -> None:
        """Fold up to `position`, the checkpoint of the live views."""
        if position < self.position:
            raise ValueError(
                f"The live views stand at {position}, the rebuilt ones at {self.position}"
            )
        await self.advance_to(position)

    async def _candidates(self, table: str) -> AsyncIterator[Key]:
        """Yield the keys whose rows differ; a live row may have changed since the rebuild."""
        live, rebuilt = _scan(self._live, table), _scan(self._fresh, table)
        one, other = await anext(live, None), await anext(rebuilt, None)
        while one is not None or other is not None:
            first = min(_key(row) for row in (one, other) if row is not None)
            left = one if one is not None and _key(one) == first else None
            right = other if other is not None and _key(other) == first else None
            if left != right:
                yield first
            one = one if left is None else await anext(live, None)
            other = other if right is None else await anext(rebuilt, None)

    async def _difference(self, table: str, key: Key) -> Difference | None:
        """Compare one row of both views at the same position; the live views may move meanwhile.

        If they move while the row is read, the comparison still holds, unless the row itself has
        changed: then it is read again. Waiting for views that stand still could take for ever.
        """
        while True:
            before = await self._live.checkpoint()
            live = await _row(self._live, table, key)
            after = await self._live.checkpoint()
            await self._catch_up(before)
            rebuilt = await _row(self._fresh, table, key)
            await self._catch_up(after)
            if before == after or rebuilt == await _row(self._fresh, table, key):
                break
        if live == rebuilt:
            return None
        return Difference(table=table, tenant=key[0], key=key[1], live=live, rebuilt=rebuilt)


async def begin_rebuild(
    events: EventStore, live: ViewStore, views: Sequence[View[Any]] | None = None
) -> Rebuild:
    """Return an empty rebuild in fresh tables beside those of `live`; raises `Unavailable`."""
    views = every_view() if views is None else views
    await live.prepare([view.table for view in views])
    return Rebuild(events, live, await live.create_fresh(), views)


async def _scan(store: ViewStore, table: str) -> AsyncIterator[Row]:
    after: Key | None = None
    while rows := await store.scan(table, after=after):
        for row in rows:
            yield row
        after = _key(rows[-1])


async def _row(store: ViewStore, table: str, key: Key) -> Row | None:
    where = (Filter(column="key", op="=", value=key[1]),)
    rows = (await store.find(Query(table=table, tenant=key[0], where=where, limit=1))).rows
    return rows[0] if rows else None


def _key(row: Row) -> Key:
    return row.tenant, row.key


def _time_of(recorded: Recorded) -> int:
    at = getattr(recorded.event, "at", 0)
    return at if isinstance(at, int) else 0
