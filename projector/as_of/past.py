"""The door to the past: the events and the views as of any position, for one request each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from baton.eventlog.ports.audit.leaf_store import LeafStore
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.stores import EventStore
from baton.projector.as_of.candidates import Candidates
from baton.projector.as_of.events import EventsAsOf
from baton.projector.as_of.moments import Moments
from baton.projector.as_of.views import Sources, ViewsAsOf


@dataclass(frozen=True, slots=True)
class AsOf:
    """Everything as of a position; `at` is the greatest time of any event up to it, in ms."""

    at: int
    events: EventsAsOf
    views: ViewsAsOf


def past_of(
    stores: Stores, reached: Callable[[int, int], Awaitable[bool]], held: Callable[[], int]
) -> "Past":
    """Return the past of all events of `stores`.

    Args:
        stores: The opened stores.
        reached: Called with a position and a timeout in ms; returns whether the views of the
            history hold that position within the timeout.
        held: Returns the newest position that the views are known to hold.
    """
    candidates = Candidates(stores.history, reached)
    sources = Sources(candidates=candidates, live=stores.views, held=held)
    return Past(stores.events, stores.leaves, sources)


class Past:
    """Reads as of positions; raises `Unavailable`.

    Args:
        events: All events.
        leaves: The same events, with the times that the notary has sealed.
        sources: The sources of the views.
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
        """Return everything as of `position`, which must not be beyond the newest event."""
        last, at = await self._moments.moment_at(position)
        events = EventsAsOf(self._events, position, head=last)
        return AsOf(at, events, ViewsAsOf(events, at, self._sources))
