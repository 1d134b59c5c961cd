"""PostgreSQL's statements on the tables of views; rows are passed as one array per column.

Text compares by code point, and NULL sorts first in every index, as `Query` orders rows.
"""

from collections.abc import Iterator, Sequence

from baton.backends.postgres.views.row_counts import RowCounts
from baton.backends.sql.view_statements import Statement, TableSql, quoted
from baton.eventlog.ports.views import Change, Index, Query, Table

_TYPES = {"text": 'text COLLATE "C"', "int": "bigint"}
_FIXED = ("text", "text", "bytea")


class ViewTable(TableSql):
    """One view's table in one schema, and the statements on it."""

    def __init__(self, declared: Table, schema: str) -> None:
        """Raises ValueError for a name that isn't a plain identifier."""
        name = f"{quoted(schema)}.{quoted(declared.name)}"
        super().__init__(declared, name=name, placeholder=_placeholder)
        kinds = ["bigint" if column.kind == "int" else "text" for column in declared.columns]
        self._array_types = [f"{kind}[]" for kind in (*_FIXED, *kinds)]
        self._row_counts = (
            RowCounts(declared, schema=schema, counts=name, placeholder=_placeholder)
            if declared.counted
            else None
        )

    def create(self) -> Iterator[str]:
        """Yield the statements that create the table, its indexes and its counts."""
        text = _TYPES["text"]
        fixed = [f"tenant {text} NOT NULL", f"key {text} NOT NULL", "document bytea NOT NULL"]
        columns = [f"{quoted(c.name)} {_TYPES[c.kind]}" for c in self.declared.columns]
        column_list = ", ".join([*fixed, *columns, "PRIMARY KEY (tenant, key)"])
        # The free space lets rows change in place, without touching the indexes.
        yield f"CREATE TABLE {self.name} ({column_list}) WITH (fillfactor = 80)"
        for index in self.declared.indexes:
            by = ", ".join(self._index_columns(index))
            where = f" WHERE {self.column(index.where_set)} IS NOT NULL" if index.where_set else ""
            yield f"CREATE INDEX ON {self.name} ({by}){where}"
        if self._row_counts is not None:
            yield self._row_counts.create()

    def relations(self) -> Iterator[str]:
        """Yield the quoted names of the table and of its counts, without the schema."""
        yield quoted(self.declared.name)
        if self._row_counts is not None:
            yield self._row_counts.relation

    def change_statements(self, change: Change, first: int, condition: str) -> Iterator[str]:
        """Yield the statements that apply a change under a condition.

        Args:
            change: The change.
            first: The number of the first parameter; `column_arrays` returns the values.
            condition: An SQL condition.

        """
        upserts = first if change.upserts else None
        deletes = first + (len(self.columns) if change.upserts else 0) if change.deletes else None
        if upserts is not None:
            yield self._upsert(upserts, condition)
        if deletes is not None:
            yield self._delete(deletes, condition)
        if self._row_counts is not None and (change.upserts or change.deletes):
            yield self._row_counts.change(upserts=upserts, deletes=deletes, condition=condition)

    def get_many(self) -> str:
        """Return the statement that selects the documents of keys, given as two arrays."""
        given = self._array_parameters(_FIXED_ARRAY_TYPES[:2], 1)
        return (
            f"SELECT tenant, key, document FROM unnest({given}) AS given (tenant, key)"  # noqa: S608 - as above
            f" JOIN {self.name} USING (tenant, key)"
        )

    def count(self, query: Query) -> Statement:
        """Return the statement that counts all matches, from the counts where they can answer."""
        if self._row_counts is not None and self._row_counts.covers(query):
            return self._row_counts.count(query)
        return super().count(query)

    def _upsert(self, first: int, condition: str) -> str:
        sets = ", ".join(f"{quoted(c)} = excluded.{quoted(c)}" for c in self.columns[2:])
        return (
            f"INSERT INTO {self.name} ({self.column_list})"  # noqa: S608 - names are checked
            f" SELECT * FROM unnest({self._array_parameters(self._array_types, first)})"
            f" WHERE {condition}"
            f" ON CONFLICT (tenant, key) DO UPDATE SET {sets}"
        )

    def _delete(self, first: int, condition: str) -> str:
        given = self._array_parameters(_FIXED_ARRAY_TYPES[:2], first)
        return (
            f"DELETE FROM {self.name} AS held USING unnest({given}) AS given (tenant, key)"  # noqa: S608 - as above
            f" WHERE held.tenant = given.tenant AND held.key = given.key AND {condition}"
        )

    def _index_columns(self, index: Index) -> Iterator[str]:
        for name in self.index_columns(index):
            unset = "" if name in ("tenant", "key") else " NULLS FIRST"
            yield f"{self.column(name)}{unset}"

    def _array_parameters(self, arrays: Sequence[str], first: int) -> str:
        return ", ".join(f"${number}::{array}" for number, array in enumerate(arrays, first))


def _placeholder(number: int) -> str:
    return f"${number}"


_FIXED_ARRAY_TYPES = tuple(f"{kind}[]" for kind in _FIXED)


def column_arrays(change: Change) -> list[list[str | int | bytes | None]]:
    """Return the values of a change, one array per column.

    The upserted rows come first, in the order of `ViewTable.columns`; then the tenants and the keys
    of the deleted rows.
    """
    whole = [(row.tenant, row.key, row.document, *row.values) for row in change.upserts]
    put = zip(*whole, strict=True)
    removed = zip(*change.deletes, strict=True)
    return [list(column) for column in (*put, *removed)]
