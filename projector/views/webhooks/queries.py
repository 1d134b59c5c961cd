"""Queries on webhook registrations."""

from collections.abc import AsyncIterator

from baton.eventlog.ports.views import ViewReads
from baton.projector.view_reader import ViewReader
from baton.projector.views.webhooks.view import VIEW, Document


class WebhookQueries:
    """Reads webhook registrations; raises `Unavailable`."""

    def __init__(self, store: ViewReads) -> None:
        self._reader = ViewReader(store, VIEW)

    async def get(self, tenant: str, webhook_id: str) -> Document | None:
        """Return a registration, None if it doesn't exist or was deleted."""
        return await self._reader.get(tenant, webhook_id)

    async def page(
        self, tenant: str, *, offset: int = 0, limit: int = 50
    ) -> tuple[list[Document], int]:
        """Return one page of the registrations, the oldest first, and their number."""
        return await self._reader.page(
            tenant, order=(("created_at", "asc"), ("key", "asc")), offset=offset, limit=limit
        )

    def every(self) -> AsyncIterator[Document]:
        """Yield the registrations of all tenants, by id."""
        return self._reader.every(None)
