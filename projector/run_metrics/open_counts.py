"""Counts unfinished runs by status, in the views."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from time import perf_counter
from typing import Final

from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.views import ViewReads
from baton.projector.views.runs.queries import RunQueries
from baton.projector.views.runs.view import Status

COUNT_S: Final = 5.0
"""The shortest pause between two counts, in seconds of real time."""
MAX_SHARE: Final = 0.01
"""The largest share of the time that counting may take: slow counts are made less often."""


class OpenRunCounts:
    """Counts the unfinished runs of all tenants in `views` at intervals (`run`).

    `by_status` has the newest counts; it is empty while `run` isn't running.
    """

    def __init__(self, views: ViewReads) -> None:
        self.by_status: Mapping[Status, int] = {}
        self._runs = RunQueries(views)

    async def run(self) -> None:
        """Count until cancelled; while the views are unavailable, `by_status` stays unchanged."""
        try:
            while True:
                began = perf_counter()
                with suppress(Unavailable):
                    self.by_status = await self._runs.open_by_status()
                took = perf_counter() - began
                await asyncio.sleep(max(COUNT_S, took / MAX_SHARE))
        finally:
            self.by_status = {}
