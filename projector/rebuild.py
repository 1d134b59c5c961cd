"""Folds the events into a second set of views, up to any position, and compares the two.

A live view that differs from the rebuilt one, byte for byte, is damaged or isn't a pure fold.
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
"""Callback(done, total): the positions of the log folded so far, and those to fold in all."""

READ_BATCH = 1_000
"""Events read from the log at once."""
COMMIT_EVERY = 10_000
"""Events folded between two commits."""


def _ignore_progress(done: int, total: int) -> None:
    """Default progress callback: does nothing."""


class Rebuild:
    """One rebuild of every view. The live views may change meanwhile.

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

    async def first_difference(self, on_rows: OnRows = lambda _: None) -> Difference | None:
        """Catch up with the live views and return the first row that differs.

        `on_rows` is called with the number of rows that have been compared, as it goes on. Raises
        ValueError when the rebuilt views are ahead of the live ones.
        """
        live = await self._live.checkpoint()
        if live < self.position:
            raise ValueError(f"The live views stand at {live}, the rebuilt ones at {self.position}")
        comparison = Comparison(
            self._live, self._fresh, self._tables, reach=self._reach, on_rows=on_rows
        )
        found = await comparison.first(1)
        return found[0] if found else None

    async def close(self) -> None:
        """Drop the rebuilt views, if they are temporary."""
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
    """A rebuild in a set that can take the place of the live one (`swap`)."""

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
        """Promote the rebuilt set, wherever it ends, and drop every other one.

        A projector then continues from its checkpoint. No services may run.
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
    """Return an empty rebuild, which ends when it is closed; raises `Unavailable`."""
    tables = tables_of(every_view())
    await live.prepare(tables)
    return Rebuild(events, live, await sets.open_temporary(tables))


async def begin_applied_rebuild(
    events: EventStore, live: ViewStore, sets: ViewSets, *, at: int
) -> AppliedRebuild:
    """Return an empty rebuild that can replace the live set; `at` is now. Raises `Unavailable`."""
    tables = tables_of(every_view())
    await live.prepare(tables)
    number = await sets.create(tables, at=at)
    return AppliedRebuild(events, live, await sets.open(number), sets=sets, number=number)


def _time_of(recorded: Recorded) -> int:
    at = getattr(recorded.event, "at", 0)
    return at if isinstance(at, int) else 0
