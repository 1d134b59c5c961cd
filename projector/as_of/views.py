"""The views as of a position: documents folded from their streams by the `evolve` of each view.

A document is folded from the one or two streams with its id, so its cost is the length of its
history. In lists, a run without events after the position is read from the live view. The rerun of
a run is an event of another stream, which the history finds. This module implements `ViewReads`, so
the `queries` of the views and the dialects work unchanged as of a position.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import merge
from operator import attrgetter
from typing import Any, Final, TypeAlias

from baton.domain.run.messages.run_events import RunBranched
from baton.domain.stream import stream_name
from baton.eventlog.events.codec import decode_document, encode_document
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Page, Query, Row, ViewReads
from baton.eventlog.rows_in_memory import page_of, row_matches
from baton.projector.as_of import run_conditions
from baton.projector.as_of.events import EventsAsOf
from baton.projector.as_of.history_queries import HistoryQueries
from baton.projector.as_of.run_conditions import (
    TooManyRuns,
    handled_condition,
    to_scan_query,
    to_span_query,
)
from baton.projector.folding import fold_events
from baton.projector.view import View
from baton.projector.views.definitions.view import VIEW as DEFINITIONS
from baton.projector.views.run_steps.view import VIEW as RUN_STEPS
from baton.projector.views.runs.view import VIEW as RUNS
from baton.projector.views.schedules.view import VIEW as SCHEDULES

MAX_LISTS: Final = 8
"""The number of cached lists; each is a whole view of one tenant, as of one position."""

Rows: TypeAlias = Mapping[str, Row]
"""Rows by their keys."""

_VIEWS: Final[Mapping[str, View[Any]]] = {
    view.name: view for view in (DEFINITIONS, RUNS, RUN_STEPS, SCHEDULES)
}
_KINDS: Final = {
    DEFINITIONS.name: ("definition",),
    RUNS.name: ("run",),
    RUN_STEPS.name: ("run",),
    SCHEDULES.name: ("definition", "schedule"),
}
"""The kinds of the streams that a view's documents come from."""


class ListCache:
    """The rows of small views by view, tenant and position; the oldest are evicted first."""

    def __init__(self) -> None:
        self._lists: OrderedDict[tuple[str, str, int], Sequence[Row]] = OrderedDict()

    def get(self, table: str, tenant: str, position: int) -> Sequence[Row] | None:
        """Return the rows of a view, None if they aren't cached."""
        return self._lists.get((table, tenant, position))

    def put(self, table: str, tenant: str, position: int, rows: Sequence[Row]) -> None:
        """Cache the rows of a view."""
        if len(self._lists) >= MAX_LISTS:
            self._lists.popitem(last=False)
        self._lists[table, tenant, position] = rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The sources of views as of any position.

    Attributes:
        history: Finds the ids of a list, and reruns.
        live: The current views.
        views_position: Returns the newest position that the current views are known to hold.
        lists: Caches lists of definitions and schedules.
    """

    history: HistoryQueries
    live: ViewReads
    views_position: Callable[[], int]
    lists: ListCache = field(default_factory=ListCache)


class ViewsAsOf:
    """Implements `ViewReads` as of the position of `events`; raises `Unavailable`, `TooManyRuns`.

    Args:
        events: The events up to the position.
        at: The greatest time (ms) of any of these events.
        sources: The current views and the history.
    """

    def __init__(self, events: EventsAsOf, at: int, sources: Sources) -> None:
        self._events = events
        self._at = at
        self._sources = sources

    async def get(self, table: str, tenant: str, key: str) -> bytes | None:
        """Return one document, None if there was none."""
        row = (await self._rows(table, tenant, _stream_id(table, key))).get(key)
        return None if row is None else row.document

    async def get_many(
        self, table: str, keys: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], bytes]:
        """Return those documents of `keys` (tenant, key) that existed."""
        found = {key: await self.get(table, *key) for key in keys}
        return {key: data for key, data in found.items() if data is not None}

    async def find(self, query: Query) -> Page:
        """Return a page of documents of one tenant."""
        tenant = query.tenant
        if tenant is None:
            message = "only one tenant's documents are read as of a position"
            raise TypeError(message)
        view = _VIEWS[query.table]
        if view is RUNS:
            return await self._find_runs(query, tenant)
        if view is RUN_STEPS:
            return page_of(query, view.table, await self._all_rows(view, tenant, _runs_in(query)))
        return page_of(query, view.table, await self._list(view, tenant))

    async def _find_runs(self, query: Query, tenant: str) -> Page:
        span_query, same = to_span_query(query)
        if span_query is None:
            return page_of(query, RUNS.table, ())
        if same:
            return await self._page_of_runs(query, span_query, tenant)
        handled = handled_condition(query)
        rerun = None if handled is None else await self._runs_with_rerun(tenant)
        if rerun is None:
            return page_of(query, RUNS.table, await self._scan_runs(span_query, tenant))
        if handled:
            return page_of(query, RUNS.table, rerun)
        excluded = (row.key for row in rerun if row_matches(span_query.where, RUNS.table, row))
        return await self._page_of_runs(query, span_query, tenant, frozenset(excluded))

    async def _page_of_runs(
        self, query: Query, span_query: Query, tenant: str, excluded: frozenset[str] = frozenset()
    ) -> Page:
        """Return the page of `query` among the runs of `span_query`, without the excluded ones."""
        end = query.offset + query.limit
        if excluded:
            span_query = replace(span_query, offset=0, limit=end + len(excluded))
        found = await self._sources.history.runs(span_query, self._events.position, self._at)
        run_ids = [one for one in found.run_ids if one not in excluded]
        chosen = run_ids[query.offset : end] if excluded else run_ids
        rows = await self._rows_of_runs(tenant, chosen)
        page = page_of(replace(query, offset=0, count=False), RUNS.table, rows)
        return Page(page.rows, found.total - len(excluded) if query.count else -1)

    async def _scan_runs(self, span_query: Query, tenant: str) -> Sequence[Row]:
        """Return all runs that a query on spans finds; raises `TooManyRuns`."""
        scan = to_scan_query(span_query)
        found = await self._sources.history.runs(scan, self._events.position, self._at)
        if len(found.run_ids) == scan.limit:
            raise TooManyRuns
        return await self._rows_of_runs(tenant, found.run_ids)

    async def _runs_with_rerun(self, tenant: str) -> Sequence[Row] | None:
        """Return all runs that had a rerun, None if there are too many reruns."""
        position = self._events.position
        found = await self._sources.history.rerun_sources(
            tenant, position, limit=run_conditions.MAX_SCANNED + 1
        )
        if len(found) > run_conditions.MAX_SCANNED:
            return None
        return await self._rows_of_runs(tenant, list(dict.fromkeys(found)))

    async def _rows_of_runs(self, tenant: str, run_ids: Sequence[str]) -> Sequence[Row]:
        unchanged = await self._unchanged(tenant, run_ids)
        changed = [ident for ident in run_ids if ident not in unchanged]
        return [*unchanged.values(), *await self._all_rows(RUNS, tenant, changed)]

    async def _unchanged(self, tenant: str, run_ids: Sequence[str]) -> Rows:
        """Return the rows of the live view for runs without an event after the position.

        Runs with a rerun are left out: the rerun may be newer, and isn't an event of their streams.
        """
        found: dict[str, Row] = {}
        if self._sources.views_position() < self._events.position:
            return found
        live = await self._sources.live.get_many(RUNS.name, [(tenant, one) for one in run_ids])
        for (_, key), data in live.items():
            run = decode_document(RUNS.document, data)
            if run.position <= self._events.position and run.rerun_id is None:
                found[key] = Row(tenant, key, data, RUNS.columns(run))
        return found

    async def _list(self, view: View[Any], tenant: str) -> Sequence[Row]:
        """Return all rows of a small view."""
        position = self._events.position
        rows = self._sources.lists.get(view.name, tenant, position)
        if rows is None:
            idents = await self._sources.history.stream_ids(tenant, _KINDS[view.name], position)
            rows = await self._all_rows(view, tenant, idents)
            self._sources.lists.put(view.name, tenant, position, rows)
        return rows

    async def _all_rows(self, view: View[Any], tenant: str, idents: Sequence[str]) -> Sequence[Row]:
        found: list[Row] = []
        for ident in idents:
            found += (await self._rows(view.name, tenant, ident)).values()
        return found

    async def _rows(self, table: str, tenant: str, ident: str) -> Rows:
        """Return the rows that are folded from the streams with the id `ident`."""
        view = _VIEWS[table]
        streams = [
            await self._events.read(stream_name(tenant, kind, ident)) for kind in _KINDS[table]
        ]
        if view is RUNS:
            streams.append(await self._rerun(tenant, ident))
        documents = fold_events(view, merge(*streams, key=attrgetter("position")))
        return {
            key[1]: Row(*key, encode_document(document), view.columns(document))
            for key, document in documents.items()
        }

    async def _rerun(self, tenant: str, run_id: str) -> Sequence[Recorded]:
        """Return the first event of the run's newest rerun as of the position, if there is one."""
        if self._sources.views_position() >= self._events.position:
            live = await self._sources.live.get(RUNS.name, tenant, run_id)
            if live is None or decode_document(RUNS.document, live).rerun_id is None:
                return ()
        position = self._events.position
        found = await self._sources.history.newest_rerun(tenant, run_id, position)
        if found is None:
            return ()
        events = await self._events.read(stream_name(tenant, "run", found))
        return [one for one in events if isinstance(one.event, RunBranched)]


def _stream_id(table: str, key: str) -> str:
    """Return the id of the streams from which a document is folded."""
    return key.partition(".")[0] if table == RUN_STEPS.name else key


def _runs_in(query: Query) -> Sequence[str]:
    """Return the ids of the runs whose steps a query asks for by the prefixes of keys."""
    named = [one.value for one in query.where if one.op == "prefix"]
    prefixes = named[0] if isinstance(named[0], Sequence) else ()
    listed = (prefixes,) if isinstance(prefixes, str) else prefixes
    return [_stream_id(query.table, prefix) for prefix in listed]
