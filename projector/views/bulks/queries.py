"""Queries on bulks."""

from collections.abc import AsyncIterator, Sequence

from baton.domain.bulk.messages import Action
from baton.domain.bulk.state import Status
from baton.eventlog.ports.views import Filter, ViewStore
from baton.projector.view_reader import ViewReader, any_of
from baton.projector.views.bulks.view import VIEW, Document


class BulkQueries:
    """Reads bulks; raises `Unavailable`."""

    def __init__(self, store: ViewStore) -> None:
        self._reader = ViewReader(store, VIEW)

    async def get(self, tenant: str, bulk_id: str) -> Document | None:
        """Return a bulk."""
        return await self._reader.get(tenant, bulk_id)

    async def page(
        self,
        tenant: str,
        *,
        statuses: Sequence[Status] = (),
        actions: Sequence[Action] = (),
        offset: int = 0,
        limit: int = 50,
    ) -> tuple[list[Document], int]:
        """Return one page of the bulks, the newest first, and the number of matches.

        Empty `statuses` or `actions` match all bulks.
        """
        return await self._reader.page(
            tenant,
            *any_of("status", statuses),
            *any_of("action", actions),
            order=(("requested_at", "desc"), ("key", "desc")),
            offset=offset,
            limit=limit,
        )

    def active(self) -> AsyncIterator[Document]:
        """Yield the bulks of all tenants that have not ended, by id."""
        return self._reader.every(None, Filter(column="active", op="is_set"))
