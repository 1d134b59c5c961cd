"""How far the views hold the log, in a process that reads them and doesn't keep them."""

import logging
from collections.abc import Sequence
from typing import Any

from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.views import ViewProgress
from baton.projector.position_waiters import PositionWaiters
from baton.projector.view import View
from baton.projector.views import every_view

RETRY_MS = 200

_NO_VIEWS = "the views aren't there yet: they come with the first projector"

_log = logging.getLogger("baton.views")


class CheckpointFollower:
    """Follows the checkpoint of views that a projector elsewhere keeps (`run`).

    `position` is the newest one heard of, -1 before there are views of this release. Who asks
    seldom follows only `on_demand`, while somebody waits: each step is a message to all who follow.
    """

    def __init__(
        self,
        kept: ViewProgress,
        *,
        clock: Clock,
        views: Sequence[View[Any]] | None = None,
        on_demand: bool = False,
    ) -> None:
        self.position = -1
        self._kept = kept
        self._clock = clock
        self._on_demand = on_demand
        self._tables = [view.table for view in (every_view() if views is None else views)]
        self._waiting = PositionWaiters()

    async def run(self) -> None:
        """Wait for the views, then for the steps they take, until cancelled."""
        told = False
        while True:
            try:
                if self.position >= 0 or await self._kept.attach(self._tables):
                    if self._on_demand:
                        await self._waiting.somebody()
                    self._reach(await self._kept.next_checkpoint(self.position))
                    told = False
                    continue
                level, trouble = logging.INFO, _NO_VIEWS
            except Unavailable as error:
                level, trouble = logging.WARNING, f"the views don't say how far they are: {error}"
            if not told:
                _log.log(level, "%s", trouble)
            told = True
            await self._clock.sleep(RETRY_MS)

    async def reached(self, position: int, timeout_ms: int) -> bool:
        """Wait until the views hold `position`; False when they don't after `timeout_ms`."""
        if position <= self.position:
            return True
        return await self._waiting.until(position, timeout_ms)

    def _reach(self, position: int) -> None:
        self.position = position
        self._waiting.reach(position)
