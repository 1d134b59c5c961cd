"""Follows the views' checkpoint in a process that reads the views but doesn't project them."""

import logging
from collections.abc import Sequence
from typing import Any

from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.views import ViewProgress
from baton.projector.position_waiters import PositionWaiters
from baton.projector.view import View, tables_of
from baton.projector.views import every_view

RETRY_MS = 200
"""The delay before the next try to read the views, in ms."""

_NO_VIEWS = "the views don't exist yet; the first projector creates them"

_log = logging.getLogger("baton.views")


class CheckpointFollower:
    """Follows the checkpoint of views that another process projects (`run`).

    `position` is the newest checkpoint received, -1 before the views of this release exist.

    Args:
        progress: The checkpoint of the other process's views.
        clock: Paces retries.
        views: The views; default: all views.
        on_demand: Whether to follow the checkpoint only while a task waits for it. The database
            notifies each follower of every commit, which a process that rarely waits can avoid.
    """

    def __init__(
        self,
        progress: ViewProgress,
        *,
        clock: Clock,
        views: Sequence[View[Any]] | None = None,
        on_demand: bool = False,
    ) -> None:
        self._progress = progress
        self._clock = clock
        self._on_demand = on_demand
        self._tables = tables_of(every_view() if views is None else views)
        self._waiters = PositionWaiters()

    @property
    def position(self) -> int:
        """The newest checkpoint received."""
        return self._waiters.position

    async def run(self) -> None:
        """Wait for the views, then follow their checkpoint until cancelled."""
        logged = False
        while True:
            try:
                if self.position >= 0 or await self._progress.attach(self._tables):
                    if self._on_demand:
                        await self._waiters.any()
                    self._waiters.advance(await self._progress.next_checkpoint(self.position))
                    logged = False
                    continue
                level, problem = logging.INFO, _NO_VIEWS
            except Unavailable as error:
                level, problem = logging.WARNING, f"the views' checkpoint can't be read: {error}"
            if not logged:
                _log.log(level, "%s", problem)
            logged = True
            await self._clock.idle(RETRY_MS)

    async def reached(self, position: int, timeout_ms: int) -> bool:
        """Wait until the views hold `position`; False if they don't after `timeout_ms`."""
        return await self._waiters.wait(position, timeout_ms)
