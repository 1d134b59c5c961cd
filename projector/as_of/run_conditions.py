"""Translates queries on runs to queries on spans, which have fewer columns.

A condition on a column that spans lack holds only for runs with certain statuses. If it holds for
all runs with these statuses, a condition on the status replaces it. Otherwise the runs with these
statuses are scanned one by one, up to a limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from baton.eventlog.ports.views import Filter, Query
from baton.projector.as_of import run_spans
from baton.projector.view_reader import OrderBy
from baton.projector.views.runs.view import Status

MAX_SCANNED: Final = 2_000
"""The number of runs that one query may scan."""
_STATUS: Final = "status"
_OF_SPANS: Final = frozenset(("key", *(one.name for one in run_spans.TABLE.columns)))


class TooManyRuns(Exception):
    """A query would have to scan more than `MAX_SCANNED` runs."""


@dataclass(frozen=True, slots=True)
class _Condition:
    """The statuses of the runs for which a condition holds.

    `exact` is whether it holds for every run with one of these statuses.
    """

    statuses: frozenset[str]
    exact: bool = False


def _condition(*statuses: Status, exact: bool = False) -> _Condition:
    return _Condition(frozenset(statuses), exact)


_CONDITIONS: Final = {
    ("waits_for", "QUEUED"): _condition("pending", exact=True),
    ("waits_for", "PAUSED"): _condition("paused", exact=True),
    ("waits_for", "RUNNING"): _condition("running"),
    ("waits_for", "RELEASED"): _condition("running"),
    ("waits_for", "TIMER"): _condition("waiting"),
    ("waits_for", "BACKOFF"): _condition("waiting"),
    ("handled", 0): _condition("failed"),
    ("handled", 1): _condition("failed"),
    ("idle", 1): _condition("running"),
    ("due_at", None): _condition("running", "waiting", "paused"),
}
"""The conditions by column and value; the value of "is_set" is None."""


def to_span_query(query: Query) -> tuple[Query | None, bool]:
    """Return a query on spans for a query on runs, and whether both match the same runs.

    If they don't, the query on spans matches more runs, which must be scanned. The query is None if
    no run can match.
    """
    special = [one for one in query.where if one.column not in _OF_SPANS]
    if not special:
        return query, True
    conditions = [_CONDITIONS[one.column, one.value] for one in special]
    statuses = frozenset.intersection(*(one.statuses for one in conditions))
    others: list[Filter] = []
    for one in query.where:
        if one.column == _STATUS:
            statuses &= _values(one)
        elif one.column in _OF_SPANS:
            others.append(one)
    if not statuses:
        return None, True
    of_status = Filter(column=_STATUS, op="in", value=tuple(sorted(statuses)))
    return replace(query, where=(*others, of_status)), all(one.exact for one in conditions)


def handled_condition(query: Query) -> bool | None:
    """Return the value of the condition on `handled`: whether runs have a rerun; None without it.

    Such a query has no other condition that spans lack a column for.
    """
    asked = [one.value for one in query.where if one.column == "handled"]
    return bool(asked[0]) if asked else None


def to_scan_query(query: Query) -> Query:
    """Return the query for all runs to scan, with a limit one above the permitted number."""
    newest_first: OrderBy = (("requested_at", "desc"), ("key", "asc"))
    return replace(query, order=newest_first, limit=MAX_SCANNED + 1, offset=0, count=False)


def _values(condition: Filter) -> frozenset[str]:
    """Return the values that a condition on a text column permits."""
    value = condition.value
    if isinstance(value, str):
        return frozenset((value,))
    return frozenset(value) if isinstance(value, Sequence) else frozenset()
