"""Counts of a view's rows by some of its columns, in a table that commits with the view's.

Every page of a list shows the total number of rows, and counting the rows themselves takes time
that grows with their number.
"""

from collections.abc import Sequence

from baton.backends.sql.view_statements import Placeholder, Statement, TableSql, quoted
from baton.eventlog.ports.views import Query, Table

_EXACT = ("=", "in")


class RowCounts(TableSql):
    """The number of rows of a table for each tenant and each value of its `counted` columns."""

    def __init__(
        self, declared: Table, *, schema: str, counts: str, placeholder: Placeholder
    ) -> None:
        """`counts` is the quoted, qualified name of the table whose rows are counted."""
        # The name of a view can't begin with an underscore.
        self.relation = quoted(f"_{declared.name}")
        super().__init__(
            declared, name=f"{quoted(schema)}.{self.relation}", placeholder=placeholder
        )
        self._counted_columns = [quoted(name) for name in declared.counted]
        self._counts = counts

    def create(self) -> str:
        """Return the statement that creates the table of counts."""
        by = ["tenant", *self._counted_columns]
        columns = ", ".join(f'{name} text COLLATE "C" NOT NULL' for name in by)
        # It has few rows, which change with every commit; the free space lets them change in place.
        return (
            f"CREATE TABLE {self.name} ({columns}, rows bigint NOT NULL,"
            f" PRIMARY KEY ({', '.join(by)})) WITH (fillfactor = 20)"
        )

    def change(self, *, upserts: int | None, deletes: int | None, condition: str) -> str:
        """Return the statement that updates the counts for one commit.

        It sees the counted table as it was before the commit.

        Args:
            upserts: The number of the first parameter of the upserted rows, one array per column.
            deletes: The number of the first parameter of the deleted keys, two arrays.
            condition: The SQL condition under which the commit takes effect.

        """
        by = ", ".join(["tenant", *self._counted_columns])
        changes = [self._removed(first) for first in (upserts, deletes) if first is not None]
        if upserts is not None:
            changes.append(self._added(upserts))
        return (
            f"INSERT INTO {self.name} AS kept ({by}, rows)"  # noqa: S608 - names are checked
            f" SELECT {by}, sum(change) FROM ({' UNION ALL '.join(changes)}) AS changes"
            f" WHERE {condition} GROUP BY {by} HAVING sum(change) <> 0"
            f" ON CONFLICT ({by}) DO UPDATE SET rows = kept.rows + excluded.rows"
        )

    def covers(self, query: Query) -> bool:
        """Return whether `count` can answer a query."""
        exact = [one.column in self.declared.counted and one.op in _EXACT for one in query.where]
        return query.tenant is not None and all(exact)

    def count(self, query: Query) -> Statement:
        """Return the statement that counts the matches of a query for which `covers` is true."""
        where, values = self._where(query)
        return Statement(f"SELECT coalesce(sum(rows), 0) FROM {self.name}{where}", values)  # noqa: S608 - as above

    def _added(self, first: int) -> str:
        places = [0, *map(self.columns.index, self.declared.counted)]
        given, names = self._array_parameters(first, places), ["tenant", *self._counted_columns]
        return f"SELECT {', '.join(names)}, 1 FROM {given} AS added ({', '.join(names)})"  # noqa: S608 - as above

    def _removed(self, first: int) -> str:
        # OFFSET 0 is an optimization fence: it forces a lookup by index for each key.
        return (
            f"SELECT given.tenant, {', '.join(self._counted_columns)}, -1 AS change"  # noqa: S608 - as above
            f" FROM {self._array_parameters(first, (0, 1))} AS given (tenant, key)"
            " CROSS JOIN LATERAL ("
            f"SELECT {', '.join(self._counted_columns)} FROM {self._counts} AS held"
            " WHERE held.tenant = given.tenant AND held.key = given.key OFFSET 0) AS before"
        )

    def _array_parameters(self, first: int, places: Sequence[int]) -> str:
        return f"unnest({', '.join(f'${first + place}::text[]' for place in places)})"
