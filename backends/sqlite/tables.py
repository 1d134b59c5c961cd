"""Tables of views as SQL; every name comes from a `Table` declaration and is checked."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from eventlog.ports import Table

_NAME = re.compile(r"[a-z][a-z0-9_]{0,50}")
_RESERVED = ("tenant", "key", "document", "rowid")
_PARAMETERS = 8_000  # SQLite takes 32,766; longer statements cost more to prepare than they save


class ViewTable:
    """One declared table in one set of tables, and the statements on it."""

    def __init__(self, declared: Table, generation: int) -> None:
        """Raises ValueError for a name that could be mistaken for something else."""
        columns = [column.name for column in declared.columns]
        for name in (declared.name, *columns):
            if not _NAME.fullmatch(name) or name in _RESERVED:
                raise ValueError(f"{name!r} can't name a table or column")
        self.declared = declared
        self.name = quoted(f"{declared.name}_{generation}")
        self.columns = ("tenant", "key", "document", *columns)
        self.listed = ", ".join(quoted(column) for column in self.columns)
        self.rows_at_once = _PARAMETERS // len(self.columns)

    def column(self, name: str) -> str:
        """Return a column's name for a statement; raises KeyError when it isn't declared."""
        if name not in self.columns or name == "document":
            raise KeyError(f"{self.declared.name} has no column {name}")
        return quoted(name)

    def create(self) -> Iterator[str]:
        """Return the statements that make the table and its indexes."""
        columns = [f"{quoted(c.name)} {c.kind}" for c in self.declared.columns]
        fixed = ["tenant TEXT NOT NULL", "key TEXT NOT NULL", "document BLOB NOT NULL"]
        listed = ", ".join([*fixed, *columns, "PRIMARY KEY (tenant, key)"])
        yield f"CREATE TABLE {self.name} ({listed})"
        for number, index in enumerate(self.declared.indexes):
            before = () if index.across_tenants else ("tenant",)
            names = [name for name in (*before, *index.columns) if name != "key"]
            by = ", ".join(self.column(name) for name in (*names, "key"))
            where = f" WHERE {self.column(index.where_set)} IS NOT NULL" if index.where_set else ""
            name = quoted(f"{self.name.strip(chr(34))}_by_{number}")
            yield f"CREATE INDEX {name} ON {self.name} ({by}){where}"

    def drop(self) -> str:
        """Return the statement that removes the table."""
        return f"DROP TABLE IF EXISTS {self.name}"

    def upsert(self, rows: int) -> str:
        """Return the statement that puts this many rows."""
        return _upsert(self.name, self.columns, rows)

    def delete(self, keys: int) -> str:
        """Return the statement that deletes this many (tenant, key)."""
        return f"DELETE FROM {self.name} WHERE (tenant, key) IN (VALUES {_values(2, keys)})"  # noqa: S608 - names are checked

    def get_many(self, keys: int) -> str:
        """Return the statement that finds the documents of this many (tenant, key)."""
        return (
            f"SELECT tenant, key, document FROM (VALUES {_values(2, keys)}) AS asked"  # noqa: S608 - as above
            f" CROSS JOIN {self.name} ON tenant = asked.column1 AND key = asked.column2"
        )

    def get(self) -> str:
        """Return the statement that finds one document."""
        return f"SELECT document FROM {self.name} WHERE tenant = ? AND key = ?"  # noqa: S608 - as above

    def scan(self) -> str:
        """Return the statement that lists whole rows behind a (tenant, key)."""
        return (
            f"SELECT {self.listed} FROM {self.name}"  # noqa: S608 - as above
            " WHERE (tenant, key) > (?, ?) ORDER BY tenant, key LIMIT ?"
        )


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return f'"{name}"'


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
