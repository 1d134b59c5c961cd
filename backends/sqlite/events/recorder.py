"""The table of events: the eventsourcing library's columns, with positions that are never reused.

The library's own recorders can read the table. One statement inserts many events.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteProcessRecorder

from baton.backends.sql.event_statements import EventStatements
from baton.eventlog.loops.group_commit import Row

EVENTS = EventStatements(table="stored_events", position="rowid", parameter="?")
COLUMNS = 4
ROWS_PER_STATEMENT = 2_000
"""The number of rows of one statement; SQLite accepts 32,766 values."""

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
_EXISTING_STREAMS = """
SELECT DISTINCT originator_id FROM (VALUES {values}) AS asked CROSS JOIN stored_events
ON originator_id = asked.column1 AND originator_version = asked.column2"""


class _EventRecorder(SQLiteApplicationRecorder):
    def construct_create_table_statements(self) -> list[str]:
        return [_TABLE]

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **_: Any
    ) -> Sequence[int] | None:
        rows = [
            (str(e.originator_id), e.originator_version, e.topic, e.state) for e in stored_events
        ]
        ids: list[int] = []
        for statement, values in insert_statements(rows):
            c.execute(statement, values)
            last = c.lastrowid
            ids.extend(range(last - len(values) // COLUMNS + 1, last + 1))
        return ids


class SqliteRecorder(SQLiteProcessRecorder, _EventRecorder):
    """Creates the tables of events and tracking records that Baton's writer process fills."""


def insert_statements(rows: Sequence[Row]) -> list[tuple[str, list[str | int | bytes]]]:
    """Return the statements that insert `rows` with consecutive row ids."""
    return [
        (_insert(len(chunk)), [value for row in chunk for value in row]) for chunk in _chunks(rows)
    ]


def existing_streams_statements(rows: Sequence[Row]) -> list[tuple[str, list[str | int | bytes]]]:
    """Return the statements that find the streams in which a version of `rows` exists already."""
    return [
        (_existing_streams(len(chunk)), [value for row in chunk for value in row[:2]])
        for chunk in _chunks(rows)
    ]


def _chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    return (
        rows[start : start + ROWS_PER_STATEMENT]
        for start in range(0, len(rows), ROWS_PER_STATEMENT)
    )


@lru_cache(maxsize=64)
def _insert(rows: int) -> str:
    return _INSERT.format(values=",".join(["(?,?,?,?)"] * rows))


@lru_cache(maxsize=64)
def _existing_streams(rows: int) -> str:
    return _EXISTING_STREAMS.format(values=",".join(["(?,?)"] * rows))
