"""The entry point of reads as of a position: events and views as they were."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from baton.eventlog.ports.audit.leaf_store import LeafStore
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.stores import EventStore
from baton.projector.as_of.events import EventsAsOf
from baton.projector.as_of.history_queries import HistoryQueries
from baton.projector.as_of.moments import Moments
from baton.projector.as_of.views import Sources, ViewsAsOf


@dataclass(frozen=True, slots=True)
class AsOf:
    """Events and views as of a position; `at` is the greatest time (ms) of any event up to it."""

    at: int
    events: EventsAsOf
    views: ViewsAsOf


def past_of(
    stores: Stores,
    reached: Callable[[int, int], Awaitable[bool]],
    views_position: Callable[[], int],
) -> "Past":
    """Return the reader of all earlier states of `stores`.

    Args:
        stores: The opened stores.
        reached: Called with a position and a timeout in ms; returns whether the history reached
            the position within the timeout.
        views_position: Returns the newest position that the views are known to hold.
    """
    history = HistoryQueries(stores.history, reached)
    sources = Sources(history=history, live=stores.views, views_position=views_position)
    return Past(stores.events, stores.leaves, sources)


class Past:
    """Reads events and views as of positions; raises `Unavailable`.

    Args:
        events: All events.
        leaves: The leaf blocks of these events, which hold their times.
        sources: Where the views as of a position are read from.
    """

    def __init__(self, events: EventStore, leaves: LeafStore, sources: Sources) -> None:
        self._events = events
        self._sources = sources
        self._moments = Moments(leaves)

    async def newest(self) -> int:
        """Return the position of the newest event, 0 if there is none."""
        return await self._events.head()

    async def position_at(self, at: int) -> int:
        """Return the position before the first event later than `at` (ms), else the newest one."""
        return await self._moments.position_at(at)

    async def as_of(self, position: int) -> AsOf:
        """Return events and views as of `position`, which must not be after the newest event."""
        last, at = await self._moments.moment_at(position)
        events = EventsAsOf(self._events, position, head=last)
        return AsOf(at, events, ViewsAsOf(events, at, self._sources))
