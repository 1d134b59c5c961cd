"""What the other services ask of the views: typed documents in, no rows or bytes out.

Lists have a total order, so that pages neither repeat nor skip what doesn't change meanwhile.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar

from baton.eventlog.events.codec import decode_document
from baton.eventlog.ports.views import Filter, Query, ViewStore
from baton.projector.view import View
from baton.projector.views.definitions.view import VIEW as _DEFINITIONS
from baton.projector.views.definitions.view import Document as Definition
from baton.projector.views.run_steps.view import VIEW as _RUN_STEPS
from baton.projector.views.run_steps.view import Document as RunStep
from baton.projector.views.runs.view import VIEW as _RUNS
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import Status as RunStatus
from baton.projector.views.schedules.view import VIEW as _SCHEDULES
from baton.projector.views.schedules.view import Document as Schedule
from baton.projector.views.timers.view import VIEW as _TIMERS
from baton.projector.views.timers.view import Document as Timer

D = TypeVar("D")

Order = Literal["asc", "desc"]
DefinitionSort = Literal["created_at", "updated_at", "name", "slug", "status"]
DefinitionStatus = Literal["draft", "active", "paused"]

DEFINITIONS_KEPT = 1_000
"""Definitions kept decoded."""
PAGE = 500
"""Rows read at once where all are wanted."""

_EXISTING = Filter(column="deleted", op="=", value=0)


class Views:
    """The views of one store, as they stand. Raises `Unavailable`."""

    def __init__(self, store: ViewStore) -> None:
        self._store = store
        self._decoded: dict[tuple[str, str], tuple[bytes, Definition]] = {}

    async def definition(self, tenant: str, definition_id: str) -> Definition | None:
        """Return a definition, also a deleted one.

        Every start of a run asks: what was decoded is kept for as long as its bytes are the same.
        """
        key = (tenant, definition_id)
        data = await self._store.get(_DEFINITIONS.name, *key)
        if data is None:
            return None
        kept = self._decoded.get(key)
        if kept is not None and kept[0] == data:
            return kept[1]
        if len(self._decoded) >= DEFINITIONS_KEPT:
            self._decoded.clear()
        found = decode_document(_DEFINITIONS.document, data)
        self._decoded[key] = (data, found)
        return found

    async def definition_by_slug(self, tenant: str, slug: str) -> Definition | None:
        """Return the definition that has the slug now."""
        return await self._only(tenant, Filter(column="slug", op="=", value=slug))

    async def definition_by_path(self, tenant: str, path: str) -> Definition | None:
        """Return the definition whose webhook is at `path` (no leading slash)."""
        return await self._only(tenant, Filter(column="path", op="=", value=path))

    async def definitions(
        self,
        tenant: str,
        *,
        statuses: Sequence[DefinitionStatus] = (),
        sort: DefinitionSort = "created_at",
        order: Order = "desc",
        offset: int = 0,
        limit: int = 20,
    ) -> tuple[list[Definition], int]:
        """Return a page of what isn't deleted, and how many there are; no statuses means any."""
        query = Query(
            table=_DEFINITIONS.name,
            tenant=tenant,
            where=(_EXISTING, *_one_of("status", statuses)),
            order=((sort, order), ("key", order)),
            limit=limit,
            offset=offset,
            count=True,
        )
        return await self._page(_DEFINITIONS, query)

    async def triggers_for(self, tenant: str, event_type: str) -> list[Definition]:
        """Return the definitions that record events of the type start, paused ones too."""
        query = Query(
            table=_DEFINITIONS.name,
            tenant=tenant,
            where=(_EXISTING, Filter(column="event_type", op="=", value=event_type)),
        )
        return [found async for found in self._every(_DEFINITIONS, query)]

    async def run(self, tenant: str, run_id: str) -> Run | None:
        """Return a run."""
        return await self._get(_RUNS, tenant, run_id)

    async def runs(
        self,
        tenant: str,
        *,
        definition_id: str | None = None,
        statuses: Sequence[RunStatus] = (),
        order: Order = "desc",
        offset: int = 0,
        limit: int = 20,
    ) -> tuple[list[Run], int]:
        """Return a page of runs by when they were requested, and how many there are in all."""
        definition = () if definition_id is None else (definition_id,)
        query = Query(
            table=_RUNS.name,
            tenant=tenant,
            where=(*_one_of("definition_id", definition), *_one_of("status", statuses)),
            order=(("requested_at", order), ("key", order)),
            limit=limit,
            offset=offset,
            count=True,
        )
        return await self._page(_RUNS, query)

    async def run_steps(self, tenant: str, run_id: str) -> list[RunStep]:
        """Return the whole history of a run, in the order of its events."""
        query = Query(
            table=_RUN_STEPS.name,
            tenant=tenant,
            where=(Filter(column="key", op="prefix", value=f"{run_id}."),),
        )
        found = [document async for document in self._every(_RUN_STEPS, query)]
        return sorted(found, key=lambda step: step.seq)

    async def run_step(self, tenant: str, execution_id: str) -> RunStep | None:
        """Return one record of a run's history."""
        return await self._get(_RUN_STEPS, tenant, execution_id)

    async def active_runs(self, *, after: str = "", limit: int = 500) -> list[Run]:
        """Return runs of all tenants that are not over, by id, from behind id `after`."""
        query = Query(
            table=_RUNS.name,
            tenant=None,
            where=(
                Filter(column="active", op="is_set"),
                Filter(column="key", op=">", value=after),
            ),
            order=(("key", "asc"),),
            limit=limit,
        )
        return (await self._page(_RUNS, query))[0]

    async def due_timers(self, now: int, limit: int) -> list[Timer]:
        """Return delays and backoffs of all tenants that are due at `now`, the earliest first."""
        due = Filter(column="due_at", op="<=", value=now)
        return await self._timers((due,), limit)

    async def overdue_attempts(self, now: int, limit: int) -> list[RunStep]:
        """Return running attempts of all tenants past their deadline, the earliest first."""
        query = Query(
            table=_RUN_STEPS.name,
            tenant=None,
            where=(
                Filter(column="due_at", op="is_set"),
                Filter(column="due_at", op="<=", value=now),
            ),
            order=(("due_at", "asc"), ("key", "asc")),
            limit=limit,
        )
        return (await self._page(_RUN_STEPS, query))[0]

    async def next_timer_due(self) -> int | None:
        """Return when the next delay or backoff of any tenant is due."""
        first = await self._timers((), 1)
        return first[0].due_at if first else None

    async def active_schedules(self) -> list[Schedule]:
        """Return the schedules of all tenants that fire."""
        query = Query(
            table=_SCHEDULES.name,
            tenant=None,
            where=(Filter(column="active", op="is_set"),),
        )
        return [document async for document in self._every(_SCHEDULES, query)]

    async def schedule(self, tenant: str, schedule_id: str) -> Schedule | None:
        """Return a schedule, also one that doesn't fire."""
        return await self._get(_SCHEDULES, tenant, schedule_id)

    async def _timers(self, where: tuple[Filter, ...], limit: int) -> list[Timer]:
        query = Query(
            table=_TIMERS.name,
            tenant=None,
            where=where,
            order=(("due_at", "asc"), ("key", "asc")),
            limit=limit,
        )
        return (await self._page(_TIMERS, query))[0]

    async def _only(self, tenant: str, condition: Filter) -> Definition | None:
        query = Query(table=_DEFINITIONS.name, tenant=tenant, where=(_EXISTING, condition), limit=1)
        found, _ = await self._page(_DEFINITIONS, query)
        return found[0] if found else None

    async def _get(self, view: View[D], tenant: str, key: str) -> D | None:
        data = await self._store.get(view.name, tenant, key)
        return None if data is None else decode_document(view.document, data)

    async def _page(self, view: View[D], query: Query) -> tuple[list[D], int]:
        page = await self._store.find(query)
        return [decode_document(view.document, row.document) for row in page.rows], page.total

    async def _every(self, view: View[D], query: Query) -> AsyncIterator[D]:
        """Yield all that `query` finds, page by page in its order."""
        while rows := (await self._store.find(replace(query, limit=PAGE))).rows:
            for row in rows:
                yield decode_document(view.document, row.document)
            query = replace(query, offset=query.offset + PAGE)


def _one_of(column: str, values: Sequence[Any]) -> tuple[Filter, ...]:
    if not values:
        return ()
    if len(values) == 1:
        return (Filter(column=column, op="=", value=values[0]),)
    return (Filter(column=column, op="in", value=tuple(values)),)
