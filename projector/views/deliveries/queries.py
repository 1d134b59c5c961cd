"""Queries on deliveries."""

from collections.abc import Sequence
from typing import Final

from baton.domain.delivery.state import Status
from baton.eventlog.ports.views import Filter, ViewReads
from baton.projector.view_reader import ViewReader, any_of, equal
from baton.projector.views.deliveries.view import VIEW, Document, lane_of

EARLIER: Final = 50
"""The number of earlier deliveries of a run that one read returns."""


class DeliveryQueries:
    """Reads deliveries; raises `Unavailable`."""

    def __init__(self, store: ViewReads) -> None:
        self._reader = ViewReader(store, VIEW)

    async def get(self, tenant: str, delivery_id: str) -> Document | None:
        """Return a delivery."""
        return await self._reader.get(tenant, delivery_id)

    async def page(
        self,
        tenant: str,
        webhook_id: str,
        *,
        statuses: Sequence[Status] = (),
        offset: int = 0,
        limit: int = 50,
    ) -> tuple[list[Document], int]:
        """Return one page of a registration's deliveries, the newest first, and the match count.

        Empty `statuses` match deliveries of every status.
        """
        return await self._reader.page(
            tenant,
            equal("webhook_id", webhook_id),
            *any_of("status", statuses),
            order=(("created_at", "desc"), ("key", "desc")),
            offset=offset,
            limit=limit,
        )

    async def of_run(
        self, tenant: str, run_id: str, *, offset: int = 0, limit: int = 50
    ) -> tuple[list[Document], int]:
        """Return one page of a run's deliveries, the newest first, and the number of matches."""
        return await self._reader.page(
            tenant,
            equal("run_id", run_id),
            order=(("created_at", "desc"), ("key", "desc")),
            offset=offset,
            limit=limit,
        )

    async def pending(
        self,
        tenant: str,
        webhook_id: str,
        *,
        due_before: int | None = None,
        due_after: int | None = None,
    ) -> int:
        """Return the number of pending deliveries of a registration.

        Args:
            tenant: The tenant.
            webhook_id: The registration.
            due_before: Counts only deliveries that are due before this time (ms, UTC).
            due_after: Counts only deliveries that are due after this time (ms, UTC).
        """
        until = () if due_before is None else (Filter(column="due_at", op="<", value=due_before),)
        since = () if due_after is None else (Filter(column="due_at", op=">", value=due_after),)
        wanted = (equal("webhook_id", webhook_id), equal("status", "pending"), *until, *since)
        return await self._reader.count(tenant, *wanted)

    async def due(
        self, now: int, limit: int, webhook_ids: Sequence[str] | None = None
    ) -> list[Document]:
        """Return pending deliveries of all tenants that are due at `now`, the earliest first.

        Args:
            now: The current time, in ms since the epoch.
            limit: The largest number of deliveries.
            webhook_ids: Returns only deliveries of these registrations; None means all.
        """
        return await self._reader.first(
            None,
            Filter(column="due_at", op="<=", value=now),
            *(() if webhook_ids is None else any_of("webhook_id", webhook_ids)),
            order=(("due_at", "asc"), ("key", "asc")),
            limit=limit,
        )

    async def ended(self, before: int, limit: int) -> list[Document]:
        """Return deliveries of all tenants that ended before a time, the oldest first.

        Args:
            before: The time, in ms since the epoch.
            limit: The largest number of deliveries.
        """
        return await self._reader.first(
            None,
            Filter(column="ended_at", op="<", value=before),
            order=(("ended_at", "asc"), ("key", "asc")),
            limit=limit,
        )

    async def earlier(self, tenant: str, webhook_id: str, run_id: str, seq: int) -> list[Document]:
        """Return the first pending deliveries that an ordered delivery of the run must wait for."""
        return await self._reader.first(
            tenant,
            equal("lane", lane_of(webhook_id, run_id)),
            Filter(column="seq", op="<", value=seq),
            order=(("seq", "asc"),),
            limit=EARLIER,
        )
