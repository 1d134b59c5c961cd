"""The views as of a position: documents folded from their streams, by the views' own `evolve`.

A document comes from the one or two streams that have its id, so that it costs the length of its
history; in lists, a run that hasn't changed since is taken from the view. A run's rerun is an event
of another stream, which the history finds if there is a rerun now. Queries are answered from
such documents as the databases answer them from rows; the same `queries` of the views, and the same
code of the dialects, therefore serve both.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import merge
from operator import attrgetter
from typing import Any, Final, TypeAlias

from baton.domain.run.messages import RunBranched
from baton.domain.stream import stream_name
from baton.eventlog.events.codec import decode_document, encode_document
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Page, Query, Row, ViewReads
from baton.eventlog.rows_in_memory import page_of, row_matches
from baton.projector.as_of import run_conditions
from baton.projector.as_of.candidates import Candidates
from baton.projector.as_of.events import EventsAsOf
from baton.projector.as_of.run_conditions import (
    TooManyRuns,
    all_to_look_through,
    handled_in,
    on_spans,
)
from baton.projector.folding import fold_events
from baton.projector.view import View
from baton.projector.views.definitions.view import VIEW as DEFINITIONS
from baton.projector.views.run_steps.view import VIEW as RUN_STEPS
from baton.projector.views.runs.view import VIEW as RUNS
from baton.projector.views.schedules.view import VIEW as SCHEDULES

MAX_LISTS: Final = 8
"""Whole views of one tenant, as of one position each, that are kept."""

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


class KeptLists:
    """The rows of small views by view, tenant and position; the oldest are dropped first."""

    def __init__(self) -> None:
        self._lists: OrderedDict[tuple[str, str, int], Sequence[Row]] = OrderedDict()

    def get(self, table: str, tenant: str, position: int) -> Sequence[Row] | None:
        """Return the rows of a view, None if they aren't kept."""
        return self._lists.get((table, tenant, position))

    def keep(self, table: str, tenant: str, position: int, rows: Sequence[Row]) -> None:
        """Keep the rows of a view."""
        if len(self._lists) >= MAX_LISTS:
            self._lists.popitem(last=False)
        self._lists[table, tenant, position] = rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The sources of views as of any position.

    Attributes:
        candidates: Finds what lists hold.
        live: The views as they are.
        held: Returns the newest position that these are known to hold.
        kept: Lists of definitions and schedules that were read before.
    """

    candidates: Candidates
    live: ViewReads
    held: Callable[[], int]
    kept: KeptLists = field(default_factory=KeptLists)


class ViewsAsOf:
    """Implements `ViewReads` as of the position of `events`; raises `Unavailable`, `TooManyRuns`.

    Args:
        events: The events up to the position.
        at: The greatest time (ms) of any of them.
        sources: The sources of everything else.
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
        asked, same = on_spans(query)
        if asked is None:
            return page_of(query, RUNS.table, ())
        if same:
            return await self._page_of_runs(query, asked, tenant)
        handled = handled_in(query)
        again = None if handled is None else await self._run_again(tenant)
        if again is None:
            return page_of(query, RUNS.table, await self._looked_through(asked, tenant))
        if handled:
            return page_of(query, RUNS.table, again)
        left_out = (row.key for row in again if row_matches(asked.where, RUNS.table, row))
        return await self._page_of_runs(query, asked, tenant, frozenset(left_out))

    async def _page_of_runs(
        self, query: Query, asked: Query, tenant: str, left_out: frozenset[str] = frozenset()
    ) -> Page:
        """Return the page of `query` of the runs that `asked` finds but for some of these."""
        end = query.offset + query.limit
        if left_out:
            asked = replace(asked, offset=0, limit=end + len(left_out))
        found = await self._sources.candidates.runs(asked, self._events.position, self._at)
        run_ids = [one for one in found.run_ids if one not in left_out]
        chosen = run_ids[query.offset : end] if left_out else run_ids
        rows = await self._rows_of_runs(tenant, chosen)
        page = page_of(replace(query, offset=0, count=False), RUNS.table, rows)
        return Page(page.rows, found.total - len(left_out) if query.count else -1)

    async def _looked_through(self, asked: Query, tenant: str) -> Sequence[Row]:
        """Return all runs that a query on spans finds; raises `TooManyRuns`."""
        wide = all_to_look_through(asked)
        found = await self._sources.candidates.runs(wide, self._events.position, self._at)
        if len(found.run_ids) == wide.limit:
            raise TooManyRuns
        return await self._rows_of_runs(tenant, found.run_ids)

    async def _run_again(self, tenant: str) -> Sequence[Row] | None:
        """Return all runs that had been run again, None if there are too many reruns."""
        position = self._events.position
        found = await self._sources.candidates.run_again(
            tenant, position, limit=run_conditions.MAX_LOOKED_THROUGH + 1
        )
        if len(found) > run_conditions.MAX_LOOKED_THROUGH:
            return None
        return await self._rows_of_runs(tenant, list(dict.fromkeys(found)))

    async def _rows_of_runs(self, tenant: str, run_ids: Sequence[str]) -> Sequence[Row]:
        unchanged = await self._unchanged(tenant, run_ids)
        changed = [ident for ident in run_ids if ident not in unchanged]
        return [*unchanged.values(), *await self._all_rows(RUNS, tenant, changed)]

    async def _unchanged(self, tenant: str, run_ids: Sequence[str]) -> Rows:
        """Return the rows of runs that had no event after the position, as the views hold them.

        A run that has been run again may have been so later, without an event of its own.
        """
        found: dict[str, Row] = {}
        if self._sources.held() < self._events.position:
            return found
        live = await self._sources.live.get_many(RUNS.name, [(tenant, one) for one in run_ids])
        for (_, key), data in live.items():
            run = decode_document(RUNS.document, data)
            if run.position <= self._events.position and run.rerun_id is None:
                found[key] = Row(tenant, key, data, RUNS.columns(run))
        return found

    async def _list(self, view: View[Any], tenant: str) -> Sequence[Row]:
        """Return all rows of a view that has few."""
        position = self._events.position
        rows = self._sources.kept.get(view.name, tenant, position)
        if rows is None:
            idents = await self._sources.candidates.streams(tenant, _KINDS[view.name], position)
            rows = await self._all_rows(view, tenant, idents)
            self._sources.kept.keep(view.name, tenant, position, rows)
        return rows

    async def _all_rows(self, view: View[Any], tenant: str, idents: Sequence[str]) -> Sequence[Row]:
        found: list[Row] = []
        for ident in idents:
            found += (await self._rows(view.name, tenant, ident)).values()
        return found

    async def _rows(self, table: str, tenant: str, ident: str) -> Rows:
        """Return the rows that the streams with the id `ident` make."""
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
        """Return the event by which the newest rerun as of the position names the run, if any."""
        if self._sources.held() >= self._events.position:
            live = await self._sources.live.get(RUNS.name, tenant, run_id)
            if live is None or decode_document(RUNS.document, live).rerun_id is None:
                return ()
        position = self._events.position
        found = await self._sources.candidates.newest_rerun(tenant, run_id, position)
        if found is None:
            return ()
        events = await self._events.read(stream_name(tenant, "run", found))
        return [one for one in events if isinstance(one.event, RunBranched)]


def _stream_id(table: str, key: str) -> str:
    """Return the id in the names of the streams that a document comes from."""
    return key.partition(".")[0] if table == RUN_STEPS.name else key


def _runs_in(query: Query) -> Sequence[str]:
    """Return the runs whose steps a query asks for, which it names by the prefixes of keys."""
    named = [one.value for one in query.where if one.op == "prefix"]
    prefixes = named[0] if isinstance(named[0], Sequence) else ()
    listed = (prefixes,) if isinstance(prefixes, str) else prefixes
    return [_stream_id(query.table, prefix) for prefix in listed]
