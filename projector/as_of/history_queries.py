"""Queries on the history's views: the ids of a list as of a position, and the reruns of a run.

A run has one status at a time, so exactly one of its spans contains the position: its last span,
or a span that has ended since. An index holds the last spans in the order of the list. Few spans
have ended since a recent position. For an older position the query reads each level of ended spans
as a range of their first positions.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.views import Filter, Page, Query, Row, ViewStore
from baton.eventlog.rows_in_memory import page_of
from baton.projector.as_of import kept_streams, reruns, run_counts, run_spans
from baton.projector.view_reader import OrderBy, ViewReader, any_of, equal
from baton.projector.views.runs.view import Status

WAIT_MS: Final = 5_000
"""The time, in ms, that a query waits for the history to reach its position."""
AT_ONCE: Final = 10_000
"""The number of runs, requested in the millisecond of a cursor, that a query reads at most."""
_END: Final = "."
_REQUESTED_AT: Final = "requested_at"
_KEY: Final = "key"
_STATUS: Final = "status"
_DEFINITION_ID: Final = "definition_id"


@dataclass(frozen=True, slots=True)
class RunPage:
    """The ids of the runs of one page, in order.

    `total` counts the runs of all pages; it is -1 if the query didn't ask for it.
    """

    run_ids: Sequence[str]
    total: int


class HistoryQueries:
    """Reads the history; raises `Unavailable`, also while the history is behind a position.

    Args:
        history: The views of the history.
        reached: Called with a position and a timeout in ms; returns whether the history reached
            the position within the timeout.
    """

    def __init__(self, history: ViewStore, reached: Callable[[int, int], Awaitable[bool]]) -> None:
        self._history = history
        self._reached = reached
        self._streams = ViewReader(history, kept_streams.VIEW)
        self._reruns = ViewReader(history, reruns.VIEW)

    async def stream_ids(self, tenant: str, kinds: Sequence[str], position: int) -> list[str]:
        """Return the ids of a tenant's streams of definitions and schedules as of a position."""
        await self._reach(position)
        held = Filter(column="from_position", op="<=", value=position)
        of_kinds = any_of("kind", kinds)
        return [one.id async for one in self._streams.every(tenant, held, *of_kinds)]

    async def newest_rerun(self, tenant: str, run_id: str, position: int) -> str | None:
        """Return the id of the newest rerun of a run as of a position."""
        await self._reach(position)
        begun = Filter(column="from_position", op="<=", value=position)
        newest: OrderBy = (("from_position", "desc"),)
        found = await self._reruns.first(
            tenant, equal("source", run_id), begun, limit=1, order=newest
        )
        return found[0].id if found else None

    async def rerun_sources(self, tenant: str, position: int, *, limit: int) -> Sequence[str]:
        """Return the ids of the source runs of up to `limit` reruns."""
        await self._reach(position)
        begun = Filter(column="from_position", op="<=", value=position)
        found = await self._reruns.first(tenant, begun, limit=limit)
        return [one.source for one in found]

    async def runs(self, query: Query, position: int, at: int) -> RunPage:
        """Return the result of a query on the view of runs, as of a position.

        Args:
            query: A query for one tenant's runs.
            position: The position.
            at: The greatest time (ms) of any event up to `position`.
        """
        await self._reach(position)
        total = await self._total(query, position) if query.count else None
        query = replace(query, count=query.count and total is None)
        found = await self._holding(query, position, at)
        by_key = tuple(one for one in query.where if one.column == _KEY)
        shown = replace(query, table=run_spans.TABLE.name, where=by_key, count=False)
        chosen = page_of(shown, run_spans.TABLE, map(_of_run, found.rows))
        return RunPage([row.key for row in chosen.rows], found.total if total is None else total)

    async def _total(self, query: Query, position: int) -> int | None:
        """Return the number of matches from the view of counts; None if it can't answer."""
        definition_id = run_counts.OF_TENANT
        for one in query.where:
            if one.column == _DEFINITION_ID and one.op == "=" and isinstance(one.value, str):
                definition_id = one.value
            elif one.column != _STATUS:
                return None
        if query.tenant is None:
            return None
        numbers = await run_counts.numbers(self._history, query.tenant, definition_id, position)
        statuses = _statuses(query.where)
        return sum(numbers[one] for one in (run_counts.STATUSES if statuses is None else statuses))

    async def _holding(self, query: Query, position: int, at: int) -> Page:
        """Return the first spans that contain the position."""
        depth = query.offset + query.limit + 1  # the run of the cursor may be among the rows
        first = replace(query, table=run_spans.TABLE.name, limit=depth, offset=0)
        if any(one.column == _REQUESTED_AT and one.op == "=" for one in query.where):
            # With an order by key, SQLite would scan all keys instead of the rows of that time.
            order: OrderBy = (("from_position", "asc"),)
            first = replace(first, order=order, limit=max(depth, AT_ONCE))
        conditions = (*_lasting(query.where, position, at), *_ended(query.where, position))
        return await self._history.find_any([replace(first, where=one) for one in conditions])

    async def _reach(self, position: int) -> None:
        if not await self._reached(position, WAIT_MS):
            message = f"the history is behind position {position}; try again later"
            raise Unavailable(message)


def _lasting(where: Sequence[Filter], position: int, at: int) -> Iterator[tuple[Filter, ...]]:
    """Yield the conditions on last spans, one set for each status.

    With a single status, the database reads rows in the order of an index. Without it, the database
    would read all runs of a definition, most of which have another status.
    """
    others = tuple(one for one in where if one.column != _STATUS)
    holds = (
        Filter(column="lasting", op="is_set"),
        Filter(column="from_position", op="<=", value=position),
        Filter(column="requested_at", op="<=", value=at),
    )
    statuses = _statuses(where)
    if statuses is None and not any(one.column == _DEFINITION_ID for one in where):
        yield (*holds, *others)
        return
    for status in get_args(Status) if statuses is None else statuses:
        yield (*holds, *others, equal(_STATUS, status))


def _ended(where: Sequence[Filter], position: int) -> Iterator[tuple[Filter, ...]]:
    """Yield the conditions on ended spans, one set for each level."""
    for level in range(1, run_spans.LEVELS + 1):
        yield (
            equal("level", level),
            Filter(column="from_position", op=">", value=position - run_spans.LONGER**level),
            Filter(column="from_position", op="<=", value=position),
            Filter(column="to_position", op=">", value=position),
            *where,
        )


def _statuses(where: Sequence[Filter]) -> Sequence[str] | None:
    """Return the statuses that a query asks for, None for any status."""
    for one in where:
        if one.column == _STATUS and isinstance(one.value, Sequence):
            return (one.value,) if isinstance(one.value, str) else one.value
    return None


def _run_of(key: str) -> str:
    return key.partition(_END)[0]


def _of_run(row: Row) -> Row:
    """Return the row of a span with the id of its run as its key."""
    return Row(row.tenant, _run_of(row.key), row.document, row.values)
