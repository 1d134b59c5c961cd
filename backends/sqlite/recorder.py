"""The eventsourcing library's recorder over a table whose positions are never used twice.

The table has the library's columns; its own recorders can read it. A batch goes in as one
statement: every statement of a thread costs two changes of the interpreter's lock, each up to a
switch interval long while the event loop is busy (docs/decisions, "One statement a commit").
"""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteProcessRecorder

from eventlog.group_commit import Row

MAX_ROWS = 2_000  # SQLite takes 32,766 parameters, a row has 4

_TABLE = """
CREATE TABLE IF NOT EXISTS stored_events (
    rowid INTEGER PRIMARY KEY AUTOINCREMENT,
    originator_id TEXT NOT NULL,
    originator_version INTEGER NOT NULL,
    topic TEXT NOT NULL,
    state BLOB NOT NULL,
    UNIQUE (originator_id, originator_version)
)"""
_INSERT = (
    "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES {values}"
)
_TAKEN = """
SELECT DISTINCT originator_id FROM (VALUES {values}) AS asked CROSS JOIN stored_events
ON originator_id = asked.column1 AND originator_version = asked.column2"""


class _EventRecorder(SQLiteApplicationRecorder):
    def construct_create_table_statements(self) -> list[str]:
        return [_TABLE]

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **_: Any
    ) -> Sequence[int] | None:
        ids: list[int] = []
        rows = [
            (str(e.originator_id), e.originator_version, e.topic, e.state) for e in stored_events
        ]
        for chunk in _chunks(rows):
            c.execute(_insert(len(chunk)), _flat(chunk))
            last = c.lastrowid
            ids.extend(range(last - len(chunk) + 1, last + 1))
        return ids


class SqliteRecorder(SQLiteProcessRecorder, _EventRecorder):
    """Events and tracking records; `insert_rows` is the quick way in."""

    def insert_rows(self, rows: Sequence[Row]) -> int:
        """Make events durable, all or none, and return the position of the first.

        The others follow without a hole. Raises the library's IntegrityError when one is there
        already, and what the driver raises.
        """
        if len(rows) > MAX_ROWS:
            with self.datastore.transaction(commit=True) as cursor:
                return self._insert_chunks(cursor, rows)
        with (
            self.datastore.get_connection(commit=True) as connection,
            connection.cursor() as cursor,
        ):
            # One statement outside of a transaction is a transaction of its own.
            try:
                cursor.execute(_insert(len(rows)), _flat(rows))
            except sqlite3.IntegrityError as error:
                raise IntegrityError(*error.args) from error
            return (cursor.lastrowid or 0) - len(rows) + 1

    def taken(self, rows: Sequence[Row]) -> set[str]:
        """Return the streams that have one of `rows` already."""
        found: set[str] = set()
        with self.datastore.transaction(commit=False) as cursor:
            for chunk in _chunks(rows):
                cursor.execute(_taken(len(chunk)), [value for row in chunk for value in row[:2]])
                found.update(stream for (stream,) in cursor.fetchall())
        return found

    def _insert_chunks(self, cursor: SQLiteCursor, rows: Sequence[Row]) -> int:
        for chunk in _chunks(rows):
            cursor.execute(_insert(len(chunk)), _flat(chunk))
        return int(cursor.lastrowid) - len(rows) + 1


def _chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    return (rows[start : start + MAX_ROWS] for start in range(0, len(rows), MAX_ROWS))


def _flat(rows: Sequence[Row]) -> list[str | int | bytes]:
    return [value for row in rows for value in row]


@lru_cache(maxsize=64)
def _insert(rows: int) -> str:
    return _INSERT.format(values=",".join(["(?,?,?,?)"] * rows))


@lru_cache(maxsize=64)
def _taken(rows: int) -> str:
    return _TAKEN.format(values=",".join(["(?,?)"] * rows))
