"""Answers a query from a view's rows in memory, with the same result as the databases."""

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
    matches = [
        row
        for row in rows
        if query.tenant in (None, row.tenant) and row_matches(query.where, table, row)
    ]
    last = query.order[-1][1] if query.order else "asc"
    matches.sort(key=lambda row: (row.tenant, row.key), reverse=last == "desc")
    for column, direction in reversed(query.order):
        matches.sort(key=_sort_key(table, column), reverse=direction == "desc")
    page = matches[query.offset : query.offset + query.limit]
    return Page(page, len(matches) if query.count else -1)


def row_matches(where: Iterable[Filter], table: Table, row: Row) -> bool:
    """Return whether a row fulfills every condition."""
    return all(_matches(value_of(table, row, condition.column), condition) for condition in where)


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
    expected = filtered.value
    if filtered.op == "=":
        return value == expected
    if value is None:
        return False
    match filtered.op:
        case "is_set":
            return True
        case "prefix":
            prefixes = (
                (str(expected),) if isinstance(expected, str | int) else tuple(expected or ())
            )
            return str(value).startswith(prefixes)
        case "in":
            return isinstance(expected, Sequence) and value in tuple(expected)
        case op:
            return bool(_COMPARISONS[op](value, expected))
