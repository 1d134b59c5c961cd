"""Finds earlier deliveries of a run that an ordered delivery must wait for.

The deliveries in memory are not considered here.
"""

from typing import Final

from baton.domain.delivery.decisions import DECIDER
from baton.domain.stream import stream_name
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.views import ViewStore
from baton.projector.views.deliveries.queries import DeliveryQueries
from baton.scheduler.deliveries.pending_deliveries import Pending

LATELY_MS: Final = 10_000
"""The time for which the view may still show a settled delivery as pending, in ms."""
MAX_LATELY: Final = 20_000
"""The number of settled deliveries from which on old ones are removed."""


class EarlierDeliveries:
    """Reads the view of deliveries, corrected by the recently settled ones."""

    def __init__(self, views: ViewStore, *, clock: Clock) -> None:
        self._views = views
        self._queries = DeliveryQueries(views)
        self._clock = clock
        self._settled: dict[str, int] = {}

    def settled(self, stream: str) -> None:
        """Record that a delivery is no longer pending."""
        now = self._clock.now()
        if len(self._settled) >= MAX_LATELY:
            self._settled = {
                one: at for one, at in self._settled.items() if 0 <= now - at < LATELY_MS
            }
        self._settled[stream] = now

    def settled_lately(self, stream: str) -> bool:
        """Return whether the view may still show this settled delivery as pending."""
        at = self._settled.get(stream)
        return at is not None and 0 <= self._clock.now() - at < LATELY_MS

    def reopened(self, stream: str) -> None:
        """Record that a delivery is pending again."""
        self._settled.pop(stream, None)

    async def are_shown(self, pending: Pending) -> bool:
        """Return whether the view shows all earlier deliveries; raises `Unavailable`."""
        return not pending.position or await self._views.checkpoint() >= pending.position

    async def exist(self, pending: Pending) -> bool:
        """Return whether an earlier delivery of the same run is pending; raises `Unavailable`."""
        earlier = await self._queries.earlier(
            pending.tenant, pending.webhook_id, pending.run_id, pending.run_version
        )
        streams = (stream_name(document.tenant, DECIDER.name, document.id) for document in earlier)
        return not all(self.settled_lately(stream) for stream in streams)
