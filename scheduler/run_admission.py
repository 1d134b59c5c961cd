"""Decides whether a tenant may start more runs; until then, callers defer them."""

from functools import partial
from typing import Final

from baton.eventlog.ports.views import ViewStore
from baton.projector.open_runs import OpenRuns
from baton.projector.views.runs.queries import RunQueries

DEFERRED_MS: Final = 1_000
"""The time after which a deferred start is tried again."""
TOO_MANY_RUNS: Final = "the tenant had too many unfinished runs when the tick was due"


class RunAdmission:
    """The limit on the unfinished runs of a tenant.

    Args:
        views: The store in which unfinished runs are counted.
        open_runs: Shared by all parts of this process that start runs; None is no limit.
    """

    def __init__(self, views: ViewStore, open_runs: OpenRuns | None = None) -> None:
        self._queries = RunQueries(views)
        self._open_runs = open_runs or OpenRuns(0)

    async def admit(self, tenant: str, runs: int = 1) -> bool:
        """Return whether `runs` more may start, and count them; 0 only asks."""
        if self._open_runs.take(tenant, runs):
            return True
        count = partial(self._queries.count_open, tenant)
        return await self._open_runs.admit(tenant, count, runs)

    def give_back(self, tenant: str, runs: int = 1) -> None:
        """Subtract runs that were admitted and didn't start."""
        self._open_runs.give_back(tenant, runs)
