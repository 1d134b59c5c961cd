"""Queries on timers."""

from baton.eventlog.ports.views import Filter, ViewReads
from baton.projector.view_reader import ViewReader
from baton.projector.views.timers.view import VIEW, Document


class TimerQueries:
    """Reads the delays, backoffs and timeouts of sync points of runs; raises `Unavailable`."""

    def __init__(self, store: ViewReads) -> None:
        self._reader = ViewReader(store, VIEW)

    async def due(self, now: int, limit: int) -> list[Document]:
        """Return the timers of all tenants that are due at `now`, the earliest first."""
        return await self._reader.first(
            None,
            Filter(column="due_at", op="<=", value=now),
            order=(("due_at", "asc"), ("key", "asc")),
            limit=limit,
        )
