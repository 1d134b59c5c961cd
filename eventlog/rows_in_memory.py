"""Answers a query from rows of a view that are in memory, as the databases answer it."""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from baton.eventlog.ports.views import Filter, Page, Query, Row, Table

_Value: TypeAlias = str | int | None

_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def page_of(query: Query, table: Table, rows: Iterable[Row]) -> Page:
    """Return the page that a query asks for of all `rows` of a table."""
    found = [
        row
        for row in rows
        if query.tenant in (None, row.tenant) and row_matches(query.where, table, row)
    ]
    last = query.order[-1][1] if query.order else "asc"
    found.sort(key=lambda row: (row.tenant, row.key), reverse=last == "desc")
    for column, direction in reversed(query.order):
        found.sort(key=_sort_key(table, column), reverse=direction == "desc")
    page = found[query.offset : query.offset + query.limit]
    return Page(page, len(found) if query.count else -1)


def row_matches(where: Iterable[Filter], table: Table, row: Row) -> bool:
    """Return whether a row fulfills every condition."""
    return all(_matches(value_of(table, row, one.column), one) for one in where)


def value_of(table: Table, row: Row, column: str) -> _Value:
    """Return the value of a column, of the tenant or of the key."""
    if column in ("tenant", "key"):
        return row.tenant if column == "tenant" else row.key
    names = [declared.name for declared in table.columns]
    return row.values[names.index(column)]


def _sort_key(table: Table, column: str) -> Callable[[Row], tuple[bool, _Value]]:
    def key(row: Row) -> tuple[bool, _Value]:
        value = value_of(table, row, column)
        return (value is not None, value)

    return key


def _matches(value: _Value, filtered: Filter) -> bool:
    given = filtered.value
    if filtered.op == "=":
        return value == given
    if value is None:
        return False
    match filtered.op:
        case "is_set":
            return True
        case "prefix":
            wanted = (str(given),) if isinstance(given, str | int) else tuple(given or ())
            return str(value).startswith(wanted)
        case "in":
            return isinstance(given, Sequence) and value in tuple(given)
        case op:
            return bool(_COMPARISONS[op](value, given))
