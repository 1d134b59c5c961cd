"""Finds earlier deliveries of a run, outside the memory, that an ordered one has to wait for."""

from typing import Final

from baton.domain.delivery.decisions import DECIDER
from baton.domain.stream import stream_name
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.views import ViewStore
from baton.projector.views.deliveries.queries import DeliveryQueries
from baton.scheduler.deliveries.pending_deliveries import Pending

LATELY_MS: Final = 10_000
"""Time for which the view may still show a settled delivery as pending."""
MAX_LATELY: Final = 20_000
"""Settled deliveries between two removals of the older ones."""


class EarlierDeliveries:
    """Reads the view, apart from what it doesn't know yet: the deliveries settled lately."""

    def __init__(self, views: ViewStore, *, clock: Clock) -> None:
        self._views = views
        self._queries = DeliveryQueries(views)
        self._clock = clock
        self._settled: dict[str, int] = {}

    def settled(self, stream: str) -> None:
        """Note that a delivery is no longer pending."""
        now = self._clock.now()
        if len(self._settled) >= MAX_LATELY:
            self._settled = {
                one: at for one, at in self._settled.items() if 0 <= now - at < LATELY_MS
            }
        self._settled[stream] = now

    def settled_lately(self, stream: str) -> bool:
        """Return whether the view may still show this delivery as pending, although it isn't."""
        at = self._settled.get(stream)
        return at is not None and 0 <= self._clock.now() - at < LATELY_MS

    def reopened(self, stream: str) -> None:
        """Note that a delivery is pending again."""
        self._settled.pop(stream, None)

    async def are_shown(self, pending: Pending) -> bool:
        """Return whether the view shows all earlier deliveries; raises `Unavailable`."""
        return not pending.position or await self._views.checkpoint() >= pending.position

    async def exist(self, pending: Pending) -> bool:
        """Return whether an earlier delivery of the same run is pending; raises `Unavailable`."""
        found = await self._queries.earlier(
            pending.tenant, pending.webhook_id, pending.run_id, pending.run_version
        )
        streams = (stream_name(one.tenant, DECIDER.name, one.id) for one in found)
        return not all(self.settled_lately(stream) for stream in streams)
