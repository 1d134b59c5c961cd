"""`baton replay` of 10,000 finished runs: what it rebuilds is what is live, byte for byte."""

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from baton.domain.definition.graph import Compute, Delay, Graph, Retry, Sync
from tests.faults.in_process_stack import all_over, defined, inside, request
from tests.faults.replaying import replay
from tests.faults.server import Installation

RUNS = 10_000
SEQUENCE = Graph(
    steps=(
        Compute(id="a", function="noop", next="b"),
        Compute(id="b", function="echo", next="c"),
        Compute(id="c", function="noop"),
    )
)
GRAPH = Graph(
    flow="needs",
    steps=(
        Compute(id="first", function="noop"),
        Compute(id="left", function="echo", needs=("first",)),
        Delay(id="right", delay_ms=1, needs=("first",)),
        Sync(id="join", needs=("left", "right")),
    ),
)
FAILING = Graph(
    steps=(
        Compute(id="a", function="noop", next="b"),
        Compute(id="b", function="fail", retry=Retry(max_attempts=2, backoff_ms=1)),
    )
)


@pytest.mark.timeout(300)
async def test_10_000_finished_runs_replay_to_the_very_same_views(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    await finished_runs(installation.data)

    exited, out, err = await replay(installation)
    assert exited == 0, (out, err)
    assert "the views match the events" in out

    table, key = damage(installation.data, Random(1))
    exited, out, err = await replay(installation)
    assert exited == 1, (out, err)
    assert f"{table} {key} of tenant demo" in err


async def finished_runs(data: Path) -> None:
    """Fill the folder with runs, of which some were delayed, retried or failed."""
    async with inside(data) as stack:
        sequence = await defined(stack, "sequence", SEQUENCE)
        graph = await defined(stack, "graph", GRAPH)
        failing = await defined(stack, "failing", FAILING)
        await request(stack, [sequence] * 8_000 + [graph] * 1_000 + [failing] * 1_000)
        await all_over(stack, RUNS)


def damage(data: Path, rng: Random) -> tuple[str, str]:
    """Change one byte of one row; return its view and key."""
    view = rng.choice(("runs", "run_steps"))
    with closing(sqlite3.connect(data / "views.db")) as connection, connection:
        (table,) = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB ?",
            (f"{view}_[0-9]*",),
        ).fetchone()
        keys = connection.execute(f'SELECT key FROM "{table}" ORDER BY key').fetchall()
        (key,) = rng.choice(keys)
        changed = connection.execute(
            f"UPDATE \"{table}\" SET document = CAST(document || ' ' AS BLOB) WHERE key = ?",
            (key,),
        )
        assert changed.rowcount == 1
    return view, str(key)
