"""Queries on runs."""

from collections.abc import Sequence

from baton.eventlog.ports.views import Filter, ViewStore
from baton.projector.view_reader import Order, ViewReader, any_of, equal
from baton.projector.views.runs.view import VIEW, Document, Status


class RunQueries:
    """Reads runs; raises `Unavailable`."""

    def __init__(self, store: ViewStore) -> None:
        self._reader = ViewReader(store, VIEW)

    async def get(self, tenant: str, run_id: str) -> Document | None:
        """Return a run."""
        return await self._reader.get(tenant, run_id)

    async def page(
        self,
        tenant: str,
        *,
        definition_id: str | None = None,
        statuses: Sequence[Status] = (),
        order: Order = "desc",
        offset: int = 0,
        limit: int = 20,
    ) -> tuple[list[Document], int]:
        """Return one page of runs by the time of their request, and the number of matches.

        Args:
            definition_id: Limits the page to runs of this definition.
            statuses: Limits the page to these; empty means any status.
        """
        of_definition = () if definition_id is None else (equal("definition_id", definition_id),)
        return await self._reader.page(
            tenant,
            *of_definition,
            *any_of("status", statuses),
            order=(("requested_at", order), ("key", order)),
            offset=offset,
            limit=limit,
        )

    async def active(self, *, after: str = "", limit: int = 500) -> list[Document]:
        """Return unfinished runs of all tenants in the order of their ids.

        Args:
            after: Starts behind this id, so that the last id of a page gives the next page.
        """
        return await self._reader.first(
            None,
            Filter(column="active", op="is_set"),
            Filter(column="key", op=">", value=after),
            order=(("key", "asc"),),
            limit=limit,
        )
