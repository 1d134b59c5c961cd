"""Conditions on runs that spans don't have a column for, as of a position.

Each holds only for runs with certain statuses. Where it holds for all of those, it is a condition
on the status; otherwise these runs are looked through, up to a number of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from baton.eventlog.ports.views import Filter, Query
from baton.projector.as_of import run_spans
from baton.projector.view_reader import OrderBy
from baton.projector.views.runs.view import Status

MAX_LOOKED_THROUGH: Final = 2_000
"""Runs that one query looks through, at most."""
_STATUS: Final = "status"
_OF_SPANS: Final = frozenset(("key", *(one.name for one in run_spans.TABLE.columns)))


class TooManyRuns(Exception):
    """A query would have to look through more than `MAX_LOOKED_THROUGH` runs."""


@dataclass(frozen=True, slots=True)
class _Condition:
    """The statuses of the runs that it holds for; `exact` if it holds for all runs with one."""

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
"""The conditions by column and value; None is that of "is_set"."""


def on_spans(query: Query) -> tuple[Query | None, bool]:
    """Return a query on runs with conditions on spans alone, and whether it finds the same runs.

    Otherwise it finds others, too, which have to be looked through. It is None if no run can match.
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


def handled_in(query: Query) -> bool | None:
    """Return whether a query asks for runs that were run again, or that weren't; None if neither.

    A query for failed runs has no other condition that spans don't answer.
    """
    asked = [one.value for one in query.where if one.column == "handled"]
    return bool(asked[0]) if asked else None


def all_to_look_through(query: Query) -> Query:
    """Return the query for all runs that may match, and one more than are looked through."""
    newest_first: OrderBy = (("requested_at", "desc"), ("key", "asc"))
    return replace(query, order=newest_first, limit=MAX_LOOKED_THROUGH + 1, offset=0, count=False)


def _values(condition: Filter) -> frozenset[str]:
    """Return the values that a condition on a column of texts permits."""
    value = condition.value
    if isinstance(value, str):
        return frozenset((value,))
    return frozenset(value) if isinstance(value, Sequence) else frozenset()
