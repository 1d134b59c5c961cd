"""A slow query of SQLite's views delays only slower ones, and is ended after a time."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from baton.backends.sql.view_statements import Statement
from baton.backends.sqlite.views import query_lanes
from baton.backends.sqlite.views.query_lanes import QueryLanes
from baton.eventlog.errors import QueryTooSlow

COUNT = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?) SELECT max(i) FROM n"
)
QUICK, LONGER, ENDLESS = 100, 100_000, -1


def count(to: int) -> Statement:
    """Return a query that counts; without an end if `to` is negative."""
    return Statement(COUNT, (to,))


async def test_a_slow_query_delays_no_quicker_one_and_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_lanes, "FIRST_THREAD_S", 0.5)
    monkeypatch.setattr(query_lanes, "SECOND_THREAD_S", 3.0)
    path = tmp_path / "views.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA journal_mode = WAL")
    lanes = QueryLanes(path)
    slow = [asyncio.create_task(lanes.rows(count(ENDLESS))) for _ in range(2)]
    await asyncio.sleep(0)
    assert await lanes.rows(count(QUICK)) == [(QUICK,)]
    assert await lanes.rows(count(LONGER)) == [(LONGER,)]
    assert not any(one.done() for one in slow)

    for one in slow:
        with pytest.raises(QueryTooSlow, match="longer than 3 s"):
            await one
    assert await lanes.rows(count(LONGER)) == [(LONGER,)]
    await lanes.close()
