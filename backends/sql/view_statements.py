"""SQL on the tables of views that databases share: checked names, and a `Query` as one statement.

Every name comes from a `Table` declaration. Each database has its own placeholders (`?`, `$1`), and
its own statements that create tables and write rows.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from baton.eventlog.ports.views import Filter, Index, Query, Table

Value = str | int | None

Placeholder = Callable[[int], str]
"""Called with the number of a value (from 1); returns its placeholder in a statement."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,50}")
_RESERVED = ("tenant", "key", "document", "rowid")
_NEVER_NULL = ("tenant", "key")
_NEVER_TRUE = "1 = 0"
_LAST_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


class Statement(NamedTuple):
    """A statement and the values of its placeholders."""

    sql: str
    values: tuple[Value, ...]


class TableSql:
    """One view's table in a database, and the SELECTs on it."""

    def __init__(self, declared: Table, *, name: str, placeholder: Placeholder) -> None:
        """Describe a table; `name` is its quoted name in the database.

        Raises ValueError for a declared name that isn't a plain identifier.
        """
        columns = [column.name for column in declared.columns]
        for checked in (declared.name, *columns):
            if not _NAME.fullmatch(checked) or checked in _RESERVED:
                raise ValueError(f"{checked!r} can't name a table or column")
        self.declared = declared
        self.name = name
        self.columns = ("tenant", "key", "document", *columns)
        self.column_list = ", ".join(quoted(column) for column in self.columns)
        self._placeholder = placeholder

    def column(self, name: str) -> str:
        """Return a column's quoted name; raises KeyError for one that isn't declared."""
        if name not in self.columns or name == "document":
            raise KeyError(f"{self.declared.name} has no column {name}")
        return quoted(name)

    def index_columns(self, index: Index) -> Sequence[str]:
        """Return the columns of an index, in order."""
        before = () if index.across_tenants else ("tenant",)
        return (*before, *(name for name in index.columns if name != "key"), "key")

    def get(self) -> str:
        """Return the statement that selects one document by (tenant, key)."""
        return (
            f"SELECT document FROM {self.name}"  # noqa: S608 - names are checked
            f" WHERE tenant = {self._placeholder(1)} AND key = {self._placeholder(2)}"
        )

    def scan(self) -> str:
        """Return the statement that selects rows after a (tenant, key), up to a limit."""
        return (
            f"SELECT {self.column_list} FROM {self.name}"  # noqa: S608 - as above
            f" WHERE (tenant, key) > ({self._placeholder(1)}, {self._placeholder(2)})"
            f" ORDER BY tenant, key LIMIT {self._placeholder(3)}"
        )

    def page(self, queries: Sequence[Query]) -> tuple[Statement | None, Statement | None]:
        """Return the statement of the page of one or more queries, and that of its total.

        The first query decides the order, the limit and whether there is a total. A part that isn't
        asked for is None.
        """
        first, *others = queries
        selected = counted = None
        if first.limit:
            selected = self.select_any(queries) if others else self.select(first)
        if first.count:
            counted = self.count_any(queries) if others else self.count(first)
        return selected, counted

    def select(self, query: Query, first: int = 1) -> Statement:
        """Return the statement of a page; raises KeyError for a column that isn't declared.

        `first` is the number of its first placeholder.
        """
        where, values = self._where(query, first)
        behind = first + len(values)
        limit, offset = self._placeholder(behind), self._placeholder(behind + 1)
        return Statement(
            f"SELECT {self.column_list} FROM {self.name}{where}"  # noqa: S608 - as above
            f" ORDER BY {self._order(query)} LIMIT {limit} OFFSET {offset}",
            (*values, query.limit, query.offset),
        )

    def select_any(self, queries: Sequence[Query]) -> Statement:
        """Return the statement of the page of several queries, in the order of the first one.

        Its rows are sorted at the end: SQLite would merge the parts two by two, which takes twice
        as long.
        """
        parts: list[str] = []
        values: list[Value] = []
        for query in queries:
            part, given = self.select(query, len(values) + 1)
            parts.append(f"SELECT * FROM ({part}) AS part{len(parts)}")  # noqa: S608 - as above
            values.extend(given)
        limit = self._placeholder(len(values) + 1)
        return Statement(
            f"WITH found AS MATERIALIZED ({' UNION ALL '.join(parts)})"  # noqa: S608 - as above
            f" SELECT * FROM found ORDER BY {self._order(queries[0])} LIMIT {limit}",
            (*values, queries[0].limit),
        )

    def count(self, query: Query) -> Statement:
        """Return the statement that counts all matches."""
        where, values = self._where(query)
        return Statement(f"SELECT count(*) FROM {self.name}{where}", values)  # noqa: S608 - as above

    def count_any(self, queries: Sequence[Query]) -> Statement:
        """Return the statement that adds up the numbers of all matches of several queries."""
        counts: list[str] = []
        values: list[Value] = []
        for query in queries:
            where, given = self._where(query, len(values) + 1)
            counts.append(f"(SELECT count(*) FROM {self.name}{where})")  # noqa: S608 - as above
            values.extend(given)
        return Statement(f"SELECT {' + '.join(counts)}", tuple(values))

    def _where(self, query: Query, first: int = 1) -> Statement:
        terms: list[str] = []
        values: list[Value] = []
        if query.tenant is not None:
            terms.append(f"tenant = {self._placeholder(first)}")
            values.append(query.tenant)
        for one in query.where:
            behind = first + len(values)
            term, given = self._term(self.column(one.column), one, behind, query.tenant)
            terms.append(term)
            values.extend(given)
        return Statement(f" WHERE {' AND '.join(terms)}" if terms else "", tuple(values))

    def _term(self, column: str, filtered: Filter, number: int, tenant: str | None) -> Statement:
        value, placeholder = filtered.value, self._placeholder(number)
        match filtered.op:
            case "is_set":
                return Statement(f"{column} IS NOT NULL", ())
            case "in":
                listed = tuple(value) if isinstance(value, Sequence) else ()
                marks = ", ".join(self._placeholder(number + index) for index in range(len(listed)))
                return Statement(f"{column} IN ({marks})" if listed else _NEVER_TRUE, listed)
            case "prefix" if isinstance(value, str):
                return self._prefix(column, value, number)
            case "prefix":
                listed = tuple(value) if isinstance(value, Sequence) else ()
                return self._any_prefix(column, listed, number, tenant)
            case "=" if value is None:
                return Statement(f"{column} IS NULL", ())
            case op:
                if value is not None and not isinstance(value, str | int):
                    raise TypeError(f"{op} compares with one value")
                return Statement(f"{column} {op} {placeholder}", (value,))

    def _prefix(self, column: str, prefix: str, number: int) -> Statement:
        """Return a range condition, which can use an index and needs no escaping."""
        begin = f"{column} >= {self._placeholder(number)}"
        upper = prefix_upper_bound(prefix)
        if upper is None:
            return Statement(begin, (prefix,))
        return Statement(f"{begin} AND {column} < {self._placeholder(number + 1)}", (prefix, upper))

    def _any_prefix(
        self, column: str, prefixes: Sequence[str], number: int, tenant: str | None
    ) -> Statement:
        """Return the condition that one of the prefixes matches, as a join with their ranges.

        Databases read everything between the first and the last of alternative ranges: for the
        steps of 50 runs among 100,000 that took SQLite 300 ms, and the join takes 0.2 ms. A join
        needs the tenant, with which indexes begin, and ranges that end.
        """
        bounds = [(prefix, prefix_upper_bound(prefix) or "") for prefix in prefixes]
        if tenant is None or not bounds or not all(upper for _, upper in bounds):
            return self._alternatives(column, prefixes, number)
        marks = [self._placeholder(number + index) for index in range(2 * len(bounds) + 1)]
        pairs = ", ".join(f"({marks[at]}, {marks[at + 1]})" for at in range(0, len(marks) - 1, 2))
        return Statement(
            f"{column} IN (SELECT inside.{column} FROM (VALUES {pairs}) AS ranges"  # noqa: S608 - as above
            f" CROSS JOIN {self.name} AS inside WHERE inside.tenant = {marks[-1]}"
            f" AND inside.{column} >= ranges.column1 AND inside.{column} < ranges.column2)",
            (*(bound for pair in bounds for bound in pair), tenant),
        )

    def _alternatives(self, column: str, prefixes: Sequence[str], number: int) -> Statement:
        terms: list[str] = []
        values: list[Value] = []
        for prefix in prefixes:
            term, given = self._prefix(column, prefix, number + len(values))
            terms.append(f"({term})")
            values.extend(given)
        return Statement(f"({' OR '.join(terms)})" if terms else _NEVER_TRUE, tuple(values))

    def _order(self, query: Query) -> str:
        """Return the sort terms; NULL comes first, or last in descending order."""
        last = query.order[-1][1] if query.order else "asc"
        ties = ("key",) if query.tenant is not None else ("tenant", "key")
        terms = []
        for name, direction in (*query.order, *((name, last) for name in ties)):
            unset = " NULLS FIRST" if direction == "asc" else " NULLS LAST"
            nulls = "" if name in _NEVER_NULL else unset
            terms.append(f"{self.column(name)} {direction.upper()}{nulls}")
        return ", ".join(terms)


def prefix_upper_bound(prefix: str) -> str | None:
    """Return the smallest text greater than every text with `prefix`; None if there is none."""
    for end in range(len(prefix), 0, -1):
        following = ord(prefix[end - 1]) + 1
        if following in _SURROGATES:
            following = _SURROGATES.stop
        if following <= _LAST_CODE_POINT:
            return prefix[: end - 1] + chr(following)
    return None


def quoted(name: str) -> str:
    """Return a name in double quotes."""
    return f'"{name}"'
