"""Forgets deliveries that ended long ago, so that their view doesn't grow for ever.

An event removes each of them, because rebuilt views must equal those of the projector. The events
of deliveries stay in the log.
"""

import asyncio
import logging
from functools import partial
from typing import Final

from baton.domain.delivery.decisions import DECIDER
from baton.domain.delivery.messages import ForgetDelivery
from baton.domain.stream import stream_name
from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.projector.views.deliveries.queries import DeliveryQueries
from baton.projector.views.deliveries.view import Document

SEARCH_MS: Final = 60_000
"""The pause between two searches for deliveries to forget, in ms."""
PAGE_SIZE: Final = 200
"""The number of deliveries that are forgotten at once."""
PAUSE_MS: Final = 500
"""The pause between two pages, in ms: commands and runs take precedence."""

_log = logging.getLogger(__name__)


class Forgetting:
    """Forgets deliveries `retention_ms` after they succeeded or were given up; 0 keeps them."""

    def __init__(self, stores: Stores, *, retention_ms: int, clock: Clock) -> None:
        self._store = stores.events
        self._queries = DeliveryQueries(stores.views)
        self._retention_ms = retention_ms
        self._clock = clock

    async def run(self) -> None:
        """Search for deliveries until cancelled; returns at once if they are kept for ever."""
        while self._retention_ms:
            try:
                forgotten = await self.forget_page()
            except Unavailable as error:
                _log.debug("old deliveries are forgotten later: %s", error)
                forgotten = 0
            await self._clock.idle(PAUSE_MS if forgotten == PAGE_SIZE else SEARCH_MS)

    async def forget_page(self) -> int:
        """Forget the first expired deliveries; return the number of newly forgotten ones.

        The view may still show deliveries that are forgotten already. Raises `Unavailable`.
        """
        now = self._clock.now()
        before = now - self._retention_ms
        ended = await self._queries.ended(before, PAGE_SIZE)
        forget = partial(self._forget, ForgetDelivery(ended_before=before, at=now))
        return sum(await asyncio.gather(*map(forget, ended)))

    async def _forget(self, command: ForgetDelivery, delivery: Document) -> bool:
        stream = stream_name(delivery.tenant, DECIDER.name, delivery.id)
        return (await transact(self._store, DECIDER, stream, command)).changed
