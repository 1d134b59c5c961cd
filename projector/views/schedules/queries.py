"""Queries on schedules."""

from collections.abc import AsyncIterator

from baton.eventlog.ports.views import Filter, ViewReads
from baton.projector.view_reader import ViewReader, equal
from baton.projector.views.schedules.view import VIEW, Document


class ScheduleQueries:
    """Reads schedules; raises `Unavailable`."""

    def __init__(self, store: ViewReads) -> None:
        self._reader = ViewReader(store, VIEW)

    async def get(self, tenant: str, schedule_id: str) -> Document | None:
        """Return a schedule, even if it doesn't fire."""
        return await self._reader.get(tenant, schedule_id)

    async def page(
        self, tenant: str, *, definition_id: str | None = None, offset: int = 0, limit: int = 20
    ) -> tuple[list[Document], int]:
        """Return one page of the separate schedules, the newest first, and the match count.

        Args:
            tenant: The tenant.
            definition_id: Returns only schedules of this definition.
            offset: The number of schedules before the page.
            limit: The size of the page.
        """
        return await self._reader.page(
            tenant,
            _separate(definition_id),
            order=(("created_at", "desc"), ("key", "desc")),
            offset=offset,
            limit=limit,
        )

    async def page_of_all(
        self, tenant: str, *, definition_id: str | None = None, offset: int = 0, limit: int = 20
    ) -> tuple[list[Document], int]:
        """Return one page of all schedules, the newest first, and the match count.

        This includes the schedules of definitions, even while a definition has another trigger.

        Args:
            tenant: The tenant.
            definition_id: Returns only schedules of this definition.
            offset: The number of schedules before the page.
            limit: The size of the page.
        """
        of_one = () if definition_id is None else (equal("definition_id", definition_id),)
        return await self._reader.page(
            tenant,
            *of_one,
            order=(("created_at", "desc"), ("key", "desc")),
            offset=offset,
            limit=limit,
        )

    def of_definition(self, tenant: str, definition_id: str) -> AsyncIterator[Document]:
        """Yield the separate schedules of a definition, by id."""
        return self._reader.every(tenant, _separate(definition_id))

    def active(self) -> AsyncIterator[Document]:
        """Yield the schedules of all tenants that fire, by id."""
        return self._reader.every(None, Filter(column="active", op="is_set"))


def _separate(definition_id: str | None) -> Filter:
    if definition_id is None:
        return Filter(column="separate_of", op="is_set")
    return equal("separate_of", definition_id)
