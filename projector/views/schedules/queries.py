"""Queries on schedules."""

from collections.abc import AsyncIterator

from baton.eventlog.ports.views import Filter, ViewStore
from baton.projector.view_reader import ViewReader
from baton.projector.views.schedules.view import VIEW, Document


class ScheduleQueries:
    """Reads schedules; raises `Unavailable`."""

    def __init__(self, store: ViewStore) -> None:
        self._reader = ViewReader(store, VIEW)

    async def get(self, tenant: str, schedule_id: str) -> Document | None:
        """Return a schedule, also one that doesn't fire."""
        return await self._reader.get(tenant, schedule_id)

    def active(self) -> AsyncIterator[Document]:
        """Yield the schedules of all tenants that fire, by id."""
        return self._reader.every(None, Filter(column="active", op="is_set"))
