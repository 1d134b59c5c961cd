"""Projects histories into a view store in batches, as the projector does."""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from baton.backends.memory.view_store import MemoryViewStore
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Row, ViewStore
from baton.projector.batch import Batch, read_missing
from baton.projector.view import View, tables_of
from baton.projector.views import every_view

Dump = dict[str, list[Row]]


async def empty_store(views: Sequence[View[Any]] | None = None) -> MemoryViewStore:
    """Return an empty store with the tables of the views."""
    store = MemoryViewStore()
    await store.prepare(tables_of(views or every_view()))
    return store


def batches_of(
    events: Sequence[Recorded], random: Random, *, below: int
) -> list[Sequence[Recorded]]:
    """Return the events in batches of random sizes, from 1 to `below` - 1 events each."""
    batches: list[Sequence[Recorded]] = []
    while events:
        size = random.randrange(1, below)
        batches.append(events[:size])
        events = events[size:]
    return batches


async def fold_into(
    store: ViewStore,
    batches: Iterable[Sequence[Recorded]],
    *,
    forgetful: bool = False,
    views: Sequence[View[Any]] | None = None,
) -> None:
    """Fold and commit each batch; `forgetful` restarts the projector before each one."""
    views = views or every_view()
    batch = Batch(views, position=await store.checkpoint())
    for events in batches:
        if forgetful:
            batch = Batch(views, position=await store.checkpoint())
        await fold(batch, store, events)
        await store.commit(batch.take_changes(), checkpoint=batch.position)
        batch.mark_committed()


async def fold(batch: Batch, store: ViewStore, events: Sequence[Recorded]) -> None:
    """Fold all of `events`."""
    while (done := batch.fold(events)) < len(events):
        events = events[done:]
        await read_missing(batch, store, events)


async def dump(store: ViewStore) -> Dump:
    """Return every row of every view, in order."""
    return {view.name: list(await store.scan(view.name, limit=1_000_000)) for view in every_view()}
