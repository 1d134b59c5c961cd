"""Drops the histories of earlier releases once the history of this release is complete.

No command lists old histories, and each takes as much space as the current one.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from baton.eventlog.loops.retry import retry
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import EventStore
from baton.eventlog.ports.views import NoSuchSet, ViewSet, ViewSets
from baton.eventlog.view_sets.choice import promoted_before, shape_of
from baton.projector.as_of.history import HISTORY_VIEWS
from baton.projector.projector import Projector
from baton.projector.view import tables_of

CATCH_UP_MS: Final = 60_000
"""The timeout, in ms, of one wait for the history of this release; the wait is repeated."""
UNREAD_MS: Final = 3_600_000
"""The time without a read, in ms, after which an old history counts as unused."""

_log = logging.getLogger("baton.views")


class EarlierHistories:
    """Drops the histories that were live before the history of this release (`run`).

    Args:
        histories: The histories of all releases.
        events: Gives the position that the history of this release must reach.
        projector: Projects the history of this release.
        clock: Times the wait for the last read.
    """

    def __init__(
        self,
        histories: ViewSets,
        events: EventStore,
        projector: Projector,
        clock: Clock,
    ) -> None:
        self._histories = histories
        self._events = events
        self._projector = projector
        self._clock = clock

    async def run(self) -> None:
        """Drop old histories once this release's history has reached the head of the log.

        A history that other processes may read is dropped an hour after its last read.
        """
        await retry(self._drop, clock=self._clock, log=_log, doing="dropping an earlier history")

    async def _drop(self) -> None:
        head = await self._events.head()
        while not await self._projector.reached(head, CATCH_UP_MS):
            pass
        for one in await self._earlier():
            await self._until_unread(one.number)
            with suppress(NoSuchSet):  # another process has dropped it
                await self._histories.drop(one.number)
                _log.info(
                    "dropped history %d of an earlier release: this release's history is complete",
                    one.number,
                )

    async def _earlier(self) -> Sequence[ViewSet]:
        return promoted_before(await self._histories.every(), shape_of(tables_of(HISTORY_VIEWS)))

    async def _until_unread(self, number: int) -> None:
        before, reads = -1, await self._histories.reads(number)
        while reads is not None and reads != before:
            await self._clock.idle(UNREAD_MS)
            before, reads = reads, await self._histories.reads(number)
