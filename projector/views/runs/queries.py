"""Queries on runs."""

from collections.abc import Iterator, Sequence
from typing import get_args

from baton.eventlog.ports.views import Filter, ViewStore
from baton.projector.view_reader import Order, ViewReader, any_of, equal
from baton.projector.views.runs.view import FINAL_STATUSES, VIEW, Document, Status

_OPEN: tuple[Status, ...] = tuple(one for one in get_args(Status) if one not in FINAL_STATUSES)


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
        requested: tuple[int | None, int | None] = (None, None),
        order: Order = "desc",
        offset: int = 0,
        limit: int = 20,
    ) -> tuple[list[Document], int]:
        """Return one page of runs by the time of their request, and the number of matches.

        Args:
            definition_id: Limits the page to runs of this definition.
            statuses: Limits the page to these; empty means any status.
            requested: The earliest and the latest time of request, in ms.
        """
        of_definition = () if definition_id is None else (equal("definition_id", definition_id),)
        return await self._reader.page(
            tenant,
            *of_definition,
            *any_of("status", statuses),
            *_requested(*requested),
            order=(("requested_at", order), ("key", order)),
            offset=offset,
            limit=limit,
        )

    async def behind(
        self,
        tenant: str,
        last: tuple[int, str] | None,
        *,
        definition_id: str | None = None,
        statuses: Sequence[Status] = (),
        requested: tuple[int | None, int | None] = (None, None),
        limit: int,
    ) -> list[Document]:
        """Return the runs that follow `last` in the order of their request, the newest first.

        Runs that were requested in the same millisecond are in the order of their ids. A run that
        is requested meanwhile comes before `last`, so pages neither repeat nor skip a run.

        Args:
            last: Time of request (ms) and id of the run before the page; None is the first page.
            definition_id: Limits the page to runs of this definition.
            statuses: Limits the page to these; empty means any status.
            requested: The earliest and the latest time of request, in ms.
            limit: The number of runs, at most.
        """
        where = [*_requested(*requested), *any_of("status", statuses)]
        if definition_id is not None:
            where.append(equal("definition_id", definition_id))
        return await self._reader.behind(tenant, "requested_at", last, *where, limit=limit)

    async def count_open(self, tenant: str, definition_id: str | None = None) -> int:
        """Return the number of unfinished runs of a tenant, or of one of its definitions."""
        found = await self.page(tenant, definition_id=definition_id, statuses=_OPEN, limit=1)
        return found[1]

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


def _requested(earliest: int | None, latest: int | None) -> Iterator[Filter]:
    if earliest is not None:
        yield Filter(column="requested_at", op=">=", value=earliest)
    if latest is not None:
        yield Filter(column="requested_at", op="<=", value=latest)
