"""A `Query` as one parameterised SQL statement."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from backends.sqlite.tables import ViewTable
from eventlog.ports import Filter, Query

Value = str | int | None
_LAST_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


class Statement(NamedTuple):
    """SQL and its parameters."""

    sql: str
    values: tuple[Value, ...]


def select(table: ViewTable, query: Query) -> Statement:
    """Return the statement for the page; raises KeyError for a column that isn't declared."""
    where, values = _where(table, query)
    order = ", ".join(_order(table, query))
    return Statement(
        f"SELECT {table.listed} FROM {table.name}{where} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608 - names are checked
        (*values, query.limit, query.offset),
    )


def count(table: ViewTable, query: Query) -> Statement:
    """Return the statement that counts all matches."""
    where, values = _where(table, query)
    return Statement(f"SELECT count(*) FROM {table.name}{where}", values)  # noqa: S608 - as above


def _where(table: ViewTable, query: Query) -> Statement:
    terms: list[str] = []
    values: list[Value] = []
    if query.tenant is not None:
        terms.append("tenant = ?")
        values.append(query.tenant)
    for one in query.where:
        term, given = _term(table.column(one.column), one)
        terms.append(term)
        values.extend(given)
    return Statement(f" WHERE {' AND '.join(terms)}" if terms else "", tuple(values))


def _term(column: str, filtered: Filter) -> Statement:
    value = filtered.value
    match filtered.op:
        case "is_set":
            return Statement(f"{column} IS NOT NULL", ())
        case "in":
            listed = tuple(value) if isinstance(value, Sequence) else ()
            return Statement(f"{column} IN ({','.join('?' * len(listed))})", listed)
        case "prefix":
            return _prefix(column, str(value))
        case "=" if value is None:
            return Statement(f"{column} IS NULL", ())
        case op:
            if value is not None and not isinstance(value, str | int):
                raise TypeError(f"{op} compares with one value")
            return Statement(f"{column} {op} ?", (value,))


def _prefix(column: str, prefix: str) -> Statement:
    """Return a range, which an index can serve, whatever characters the prefix has."""
    for end in range(len(prefix), 0, -1):
        following = ord(prefix[end - 1]) + 1
        if following in _SURROGATES:
            following = _SURROGATES.stop
        if following <= _LAST_CODE_POINT:
            upper = prefix[: end - 1] + chr(following)
            return Statement(f"{column} >= ? AND {column} < ?", (prefix, upper))
    return Statement(f"{column} >= ?", (prefix,))


def _order(table: ViewTable, query: Query) -> Iterator[str]:
    last = query.order[-1][1] if query.order else "asc"
    ties = ("key",) if query.tenant is not None else ("tenant", "key")
    for column, direction in (*query.order, *((column, last) for column in ties)):
        yield f"{table.column(column)} {direction.upper()}"
