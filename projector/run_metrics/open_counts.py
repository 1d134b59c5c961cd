"""Counts the runs that haven't ended, by status, in the views."""

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
"""The shortest pause between two counts, in real time: no skipped clock is woken for that."""
MAX_SHARE: Final = 0.01
"""The part of the time that counting may take: with very many open runs it happens less often."""


class OpenRunCounts:
    """Counts while it runs; `by_status` is empty before the first count and after the last.

    Args:
        views: Hold the runs of all tenants.
    """

    def __init__(self, views: ViewReads) -> None:
        self.by_status: Mapping[Status, int] = {}
        self._runs = RunQueries(views)

    async def run(self) -> None:
        """Count until cancelled; while the views don't answer, the numbers stay as they are."""
        try:
            while True:
                began = perf_counter()
                with suppress(Unavailable):
                    self.by_status = await self._runs.open_by_status()
                took = perf_counter() - began
                await asyncio.sleep(max(COUNT_S, took / MAX_SHARE))
        finally:
            self.by_status = {}
