"""`baton replay` of 10,000 ended runs rebuilds the live views byte for byte."""

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from baton.domain.definition.graph import Compute, Delay, Graph, Retry, Sync
from tests.faults.in_process_stack import define, in_process, request_runs, wait_until_ended
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
async def test_10_000_ended_runs_replay_to_the_same_views(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    await create_ended_runs(installation.data)

    exit_code, out, err = await replay(installation)
    assert exit_code == 0, (out, err)
    assert "the views match the events" in out

    table, key = damage(installation.data, Random(1))
    exit_code, out, err = await replay(installation)
    assert exit_code == 1, (out, err)
    assert f"{table} {key} of tenant demo" in err


async def create_ended_runs(data: Path) -> None:
    """Fill the folder with ended runs, some with delays, retries or failures."""
    async with in_process(data) as stack:
        sequence = await define(stack, "sequence", SEQUENCE)
        graph = await define(stack, "graph", GRAPH)
        failing = await define(stack, "failing", FAILING)
        await request_runs(stack, [sequence] * 8_000 + [graph] * 1_000 + [failing] * 1_000)
        await wait_until_ended(stack, RUNS)


def damage(data: Path, rng: Random) -> tuple[str, str]:
    """Change one byte of one row; return its view and key."""
    view = rng.choice(("runs", "run_steps"))
    with closing(sqlite3.connect(data / "views-1.db")) as connection, connection:
        keys = connection.execute(f'SELECT key FROM "{view}" ORDER BY key').fetchall()
        (key,) = rng.choice(keys)
        changed = connection.execute(
            f"UPDATE \"{view}\" SET document = CAST(document || ' ' AS BLOB) WHERE key = ?",
            (key,),
        )
        assert changed.rowcount == 1
    return view, str(key)
