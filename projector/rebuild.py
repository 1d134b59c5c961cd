"""Rebuilds the views from the events, up to any position, and compares them with the live views.

If a live document differs from the rebuilt one in any byte, the live views are damaged, or the view
isn't a pure fold.
"""

from collections.abc import Callable, Sequence

from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.stores import EventStore
from baton.eventlog.ports.views import ViewSets, ViewStore
from baton.projector.batch import Batch, read_missing
from baton.projector.sets.comparison import Comparison, Difference, OnRows
from baton.projector.view import tables_of
from baton.projector.views import every_view

OnProgress = Callable[[int, int], None]
"""Callback(done, total): the number of positions folded so far, and of all positions to fold."""

READ_BATCH = 1_000
"""The number of events that one read of the log returns."""
COMMIT_EVERY = 10_000
"""The number of events folded between two commits."""


def _ignore_progress(done: int, total: int) -> None:
    """Default progress callback: does nothing."""


class Rebuild:
    """A rebuild of all views. The live views may change while it runs.

    All methods raise `Unavailable`.
    """

    def __init__(self, events: EventStore, live: ViewStore, fresh: ViewStore) -> None:
        self._events = events
        self._live = live
        self._fresh = fresh
        self._tables = tables_of(every_view())
        self._batch = Batch(every_view(), position=0)

    @property
    def position(self) -> int:
        """The position that the rebuilt views have reached."""
        return self._batch.position

    async def advance_to(
        self, position: int, *, at: int | None = None, progress: OnProgress = _ignore_progress
    ) -> int:
        """Fold the events up to `position`; return the position of the last folded event.

        Args:
            position: The last position to fold.
            at: A time in ms since the epoch, UTC: the first later event ends the rebuild.
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

    async def first_difference(self, on_rows: OnRows = lambda _: None) -> Difference | None:
        """Fold up to the position of the live views and return the first row that differs.

        Raises ValueError if the rebuilt views are ahead of the live ones.

        Args:
            on_rows: Called with the number of rows compared so far.
        """
        live = await self._live.checkpoint()
        if live < self.position:
            raise ValueError(
                f"The live views are at position {live}, behind the rebuilt ones at {self.position}"
            )
        comparison = Comparison(
            self._live, self._fresh, self._tables, reach=self._reach, on_rows=on_rows
        )
        found = await comparison.first(1)
        return found[0] if found else None

    async def close(self) -> None:
        """Close the rebuilt views; temporary ones are dropped."""
        await self._fresh.close()

    async def _reach(self, position: int) -> None:
        await self.advance_to(position)

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


class AppliedRebuild(Rebuild):
    """A rebuild in a set that can replace the live set (`swap`)."""

    def __init__(
        self,
        events: EventStore,
        live: ViewStore,
        fresh: ViewStore,
        *,
        sets: ViewSets,
        number: int,
    ) -> None:
        super().__init__(events, live, fresh)
        self._sets = sets
        self._number = number
        self._swapped = False

    async def swap(self) -> None:
        """Promote the rebuilt set, even if it is behind, and drop all other sets.

        A projector then continues from its checkpoint. No services may run during the call.
        """
        await self._sets.promote(self._number, even_behind=True)
        self._swapped = True
        await self._live.prepare(self._tables)
        for one in await self._sets.every():
            if one.number != self._number:
                await self._sets.drop(one.number)

    async def close(self) -> None:
        """Drop the rebuilt set, unless it was promoted."""
        if not self._swapped:
            await self._sets.drop(self._number)


async def begin_rebuild(events: EventStore, live: ViewStore, sets: ViewSets) -> Rebuild:
    """Return a rebuild in temporary views, which are dropped on close; raises `Unavailable`."""
    tables = tables_of(every_view())
    await live.prepare(tables)
    return Rebuild(events, live, await sets.open_temporary(tables))


async def begin_applied_rebuild(
    events: EventStore, live: ViewStore, sets: ViewSets, *, at: int
) -> AppliedRebuild:
    """Return a rebuild in a new set, which can replace the live set; raises `Unavailable`.

    Args:
        events: All events.
        live: The live views.
        sets: All sets of views.
        at: The current time, in ms since the epoch.
    """
    tables = tables_of(every_view())
    await live.prepare(tables)
    number = await sets.create(tables, at=at)
    return AppliedRebuild(events, live, await sets.open(number), sets=sets, number=number)


def _time_of(recorded: Recorded) -> int:
    at = getattr(recorded.event, "at", 0)
    return at if isinstance(at, int) else 0
