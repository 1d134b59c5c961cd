"""Every filter of a list of runs is answered by an index, and none by reading all runs."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import get_args

import pytest

from baton.backends.sqlite.views.tables import ViewTable
from baton.domain.run.trigger import TriggerKind
from baton.eventlog.ports.views import Filter, Query
from baton.projector.views.run_steps.view import TABLE as STEPS
from baton.projector.views.runs.queries import RunFilter
from baton.projector.views.runs.view import TABLE

ANY_TRIGGER = get_args(TriggerKind)


@pytest.fixture(scope="module")
def runs() -> Iterator[tuple[sqlite3.Connection, ViewTable]]:
    table = ViewTable(TABLE)
    connection = sqlite3.connect(":memory:")
    for statement in table.create():
        connection.execute(statement)
    yield connection, table
    connection.close()


@pytest.mark.parametrize(
    ("wanted", "indexed"),
    [
        (RunFilter(), "tenant=?"),
        (RunFilter(waits_for="TIMER"), "waits_for=?"),
        (RunFilter(waits_for="TIMER", requested=(5, 9)), "waits_for=?"),
        (RunFilter(waits_for="TIMER", definition_id="d1", statuses=("waiting",)), "=?"),
        (RunFilter(handled=False), "handled=?"),
        (RunFilter(handled=True, statuses=("failed",)), "handled=?"),
        (RunFilter(idle=True), "idle=?"),
        (RunFilter(idle=True, definition_id="d1", triggers=ANY_TRIGGER), "idle=?"),
        (RunFilter(correlation_id="c"), "correlation_id=?"),
        (RunFilter(record_id="r"), "record_id=?"),
    ],
)
def test_a_filter_reads_an_index(
    runs: tuple[sqlite3.Connection, ViewTable], wanted: RunFilter, indexed: str
) -> None:
    connection, table = runs
    order = (("requested_at", "desc"), ("key", "asc"))
    query = Query(table="runs", tenant="acme", where=tuple(wanted.where()), order=order)  # type: ignore[arg-type]
    for statement, values in (table.select(query), table.count(query)):
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]

        assert "USING" in plan[0], plan
        assert plan[0].startswith("SEARCH"), plan
        assert indexed in plan[0], plan


def test_due_runs_are_found_by_an_index(
    runs: tuple[sqlite3.Connection, ViewTable],
) -> None:
    connection, table = runs
    due = Filter(column="due_at", op="is_set")
    query = Query(
        table="runs", tenant="acme", where=(due,), order=(("due_at", "asc"), ("key", "asc"))
    )
    statement, values = table.select(query)
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]

    assert plan[0].startswith("SEARCH"), plan
    assert "due_at" in plan[0], plan


def test_steps_of_several_runs_are_read_run_by_run() -> None:
    table = ViewTable(STEPS)
    of_runs = Filter(column="key", op="prefix", value=("a.", "b.", "z."))
    query = Query(table="run_steps", tenant="acme", where=(of_runs,), order=(("key", "asc"),))
    statement, values = table.select(query)
    with closing(sqlite3.connect(":memory:")) as connection:
        for made in table.create():
            connection.execute(made)
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]

    assert plan[0].startswith("SEARCH"), plan
    assert "tenant=? AND key=?" in plan[0], plan
    assert any(step.startswith("SEARCH inside") and "key>? AND key<?" in step for step in plan), (
        plan
    )
