"""Queries on runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from baton.domain.run.trigger import TriggerKind
from baton.eventlog.ports.views import Filter, ViewReads
from baton.projector.view_reader import Order, OrderBy, ViewReader, any_of, equal
from baton.projector.views.runs.view import FINAL_STATUSES, VIEW, Document, Status, WaitsFor

_OPEN: tuple[Status, ...] = tuple(one for one in get_args(Status) if one not in FINAL_STATUSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """The conditions of a list of runs; each is a column of an index.

    Args:
        definition_id: Matches runs of this definition.
        statuses: Matches runs with one of these statuses; empty matches all.
        triggers: Matches runs with one of these kinds of triggers; empty matches all.
        record_id: Matches runs that an event about this record started.
        correlation_id: Matches runs with this correlation id.
        waits_for: Matches unfinished runs that wait for this.
        handled: Matches failed runs with a rerun (True) or without one (False).
        idle: Matches running runs without an open step, even if only for a moment.
        requested: The earliest and the latest time of request, in ms.
    """

    definition_id: str | None = None
    statuses: Sequence[Status] = ()
    triggers: Sequence[TriggerKind] = ()
    record_id: str | None = None
    correlation_id: str | None = None
    waits_for: WaitsFor | None = None
    handled: bool | None = None
    idle: bool = False
    requested: tuple[int | None, int | None] = (None, None)

    def where(self) -> Iterator[Filter]:
        """Yield the conditions on columns."""
        for column in ("definition_id", "record_id", "correlation_id", "waits_for"):
            value = getattr(self, column)
            if value is not None:
                yield equal(column, value)
        yield from any_of("status", self.statuses)
        yield from any_of("trigger", self.triggers)
        if self.handled is not None:
            yield equal("handled", int(self.handled))
        if self.idle:
            yield equal("idle", 1)
        yield from _requested(*self.requested)


class RunQueries:
    """Reads runs; raises `Unavailable`."""

    def __init__(self, store: ViewReads) -> None:
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
        """Return one page of runs, ordered by the time of their request, and the match count.

        Args:
            definition_id: Returns only runs of this definition.
            statuses: Returns only runs with these statuses; empty means any status.
            requested: The earliest and the latest time of request, in ms.
        """
        wanted = RunFilter(definition_id=definition_id, statuses=statuses, requested=requested)
        return await self._reader.page(
            tenant,
            *wanted.where(),
            order=(("requested_at", order), ("key", order)),
            offset=offset,
            limit=limit,
        )

    async def page_after(
        self,
        tenant: str,
        last: tuple[int, str] | None,
        *,
        definition_id: str | None = None,
        statuses: Sequence[Status] = (),
        requested: tuple[int | None, int | None] = (None, None),
        limit: int,
    ) -> list[Document]:
        """Return the runs after `last` in the order of their request, the newest first.

        Runs of the same millisecond are ordered by id. New runs come before `last`, so pages
        neither repeat nor skip a run.

        Args:
            last: The time of request (ms) and the id of the last run of the page before; None
                returns the first page.
            definition_id: Returns only runs of this definition.
            statuses: Returns only runs with these statuses; empty means any status.
            requested: The earliest and the latest time of request, in ms.
            limit: The largest number of runs.
        """
        wanted = RunFilter(definition_id=definition_id, statuses=statuses, requested=requested)
        return await self._reader.page_after(
            tenant, "requested_at", last, *wanted.where(), limit=limit
        )

    async def matching(
        self, tenant: str, wanted: RunFilter, last: tuple[int, str] | None, *, limit: int
    ) -> list[Document]:
        """Return the matching runs after `last`, in the order of `page_after`."""
        return await self._reader.page_after(
            tenant, "requested_at", last, *wanted.where(), limit=limit
        )

    async def page_of(
        self, tenant: str, wanted: RunFilter, *, offset: int, limit: int
    ) -> tuple[list[Document], int]:
        """Return one page of matching runs in the order of `page_after`, and the match count."""
        order: OrderBy = (("requested_at", "desc"), ("key", "asc"))
        where = tuple(wanted.where())
        return await self._reader.page(tenant, *where, order=order, offset=offset, limit=limit)

    async def count(self, tenant: str, wanted: RunFilter) -> int:
        """Return the number of matching runs."""
        return await self._reader.count(tenant, *wanted.where())

    async def named(
        self, tenant: str, text: str, wanted: RunFilter, *, limit: int
    ) -> list[Document]:
        """Return the newest runs with a given id: of the run, its record, or its correlation.

        Args:
            tenant: The tenant.
            text: A prefix of a run's id, or a whole correlation id or record id.
            wanted: Further conditions.
            limit: The largest number of runs.
        """
        by_time: OrderBy = (("requested_at", "desc"), ("key", "asc"))
        searches: tuple[tuple[Filter, OrderBy], ...] = (
            (Filter(column="key", op="prefix", value=text), (("key", "desc"),)),
            (equal("correlation_id", text), by_time),
            (equal("record_id", text), by_time),
        )
        found: dict[str, Document] = {}
        for name, order in searches:
            where = (*wanted.where(), name)
            for run in await self._reader.first(tenant, *where, limit=limit, order=order):
                found[run.id] = run
        newest = sorted(found.values(), key=lambda run: (-run.requested_at, run.id))
        return newest[:limit]

    async def stuck(
        self, tenant: str, wanted: RunFilter, *, since: int, limit: int
    ) -> list[Document]:
        """Return the newest running runs that have had no open step since `since` (ms)."""
        idle = replace(wanted, idle=True)
        found = await self.matching(tenant, idle, None, limit=limit)
        return [run for run in found if run.idle_since is not None and run.idle_since <= since]

    async def due(self, tenant: str, wanted: RunFilter, *, limit: int) -> list[Document]:
        """Return the runs with an open delay or backoff, ordered by due time."""
        is_due = Filter(column="due_at", op="is_set")
        order: OrderBy = (("due_at", "asc"), ("key", "asc"))
        return await self._reader.first(tenant, *wanted.where(), is_due, limit=limit, order=order)

    async def get_many(self, tenant: str, run_ids: Sequence[str]) -> list[Document]:
        """Return the runs that exist, in the order of `run_ids`; with one read."""
        found = await self._reader.get_many(tenant, run_ids)
        return [self._reader.decode(found[one]) for one in run_ids if one in found]

    async def stuck_anywhere(self, *, since: int, limit: int) -> list[Document]:
        """Return the runs of all tenants that have been stuck since `since` (ms), by id."""
        is_idle = Filter(column="idle", op="is_set")
        found = await self._reader.first(None, is_idle, limit=limit, order=(("key", "asc"),))
        return [run for run in found if run.idle_since is not None and run.idle_since <= since]

    async def count_open(self, tenant: str, definition_id: str | None = None) -> int:
        """Return the number of unfinished runs of a tenant, or of one of its definitions."""
        return await self.count(tenant, RunFilter(definition_id=definition_id, statuses=_OPEN))

    async def open_by_status(self) -> Mapping[Status, int]:
        """Return the number of unfinished runs of all tenants in each status."""
        is_open = Filter(column="active", op="is_set")
        return {one: await self._reader.count(None, is_open, equal("status", one)) for one in _OPEN}

    async def active(self, *, after: str = "", limit: int = 500) -> list[Document]:
        """Return unfinished runs of all tenants, ordered by id.

        Args:
            after: The last id of the page before.
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
