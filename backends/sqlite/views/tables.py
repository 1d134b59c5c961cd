"""SQLite's statements on the tables of views."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from baton.backends.sql.view_statements import TableSql, quoted
from baton.eventlog.ports.views import Table

_MAX_PARAMETERS = (
    8_000  # SQLite takes 32,766; longer statements cost more to prepare than they save
)


class ViewTable(TableSql):
    """One view's table, and the statements on it."""

    def __init__(self, declared: Table) -> None:
        """Raises ValueError for a name that isn't a plain identifier."""
        super().__init__(declared, name=quoted(declared.name), placeholder=lambda _: "?")
        self.rows_per_statement = _MAX_PARAMETERS // len(self.columns)

    def create(self) -> Iterator[str]:
        """Yield the statements that create the table and its indexes, if they are missing."""
        columns = [f"{quoted(c.name)} {c.kind}" for c in self.declared.columns]
        fixed = ["tenant TEXT NOT NULL", "key TEXT NOT NULL", "document BLOB NOT NULL"]
        listed = ", ".join([*fixed, *columns, "PRIMARY KEY (tenant, key)"])
        yield f"CREATE TABLE IF NOT EXISTS {self.name} ({listed})"
        for number, index in enumerate(self.declared.indexes):
            by = ", ".join(self.column(name) for name in self.index_columns(index))
            where = f" WHERE {self.column(index.where_set)} IS NOT NULL" if index.where_set else ""
            name = quoted(f"{self.declared.name}_by_{number}")
            yield f"CREATE INDEX IF NOT EXISTS {name} ON {self.name} ({by}){where}"

    def upsert(self, rows: int) -> str:
        """Return the statement that inserts or updates this many rows."""
        return _upsert(self.name, self.columns, rows)

    def delete(self, keys: int) -> str:
        """Return the statement that deletes the rows of this many (tenant, key)."""
        return f"DELETE FROM {self.name} WHERE (tenant, key) IN (VALUES {_values(2, keys)})"  # noqa: S608 - names are checked

    def get_many(self, keys: int) -> str:
        """Return the statement that selects the documents of this many (tenant, key)."""
        return (
            f"SELECT tenant, key, document FROM (VALUES {_values(2, keys)}) AS asked"  # noqa: S608 - as above
            f" CROSS JOIN {self.name} ON tenant = asked.column1 AND key = asked.column2"
        )


@lru_cache(maxsize=256)
def _upsert(table: str, columns: Sequence[str], rows: int) -> str:
    listed = ", ".join(quoted(column) for column in columns)
    sets = ", ".join(f"{quoted(column)} = excluded.{quoted(column)}" for column in columns[2:])
    return (
        f"INSERT INTO {table} ({listed}) VALUES {_values(len(columns), rows)}"  # noqa: S608 - as above
        f" ON CONFLICT (tenant, key) DO UPDATE SET {sets}"
    )


def _values(columns: int, rows: int) -> str:
    row = f"({','.join('?' * columns)})"
    return ",".join([row] * rows)
