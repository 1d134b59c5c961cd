"""What functions of a `baton worker` log and print is the log of their attempts, over Kafka."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.processes import BATON, DEADLINE_S, dev, environment, killed_at_end
from tests.cli.test_run_logs import run_of
from tests.servers.kafka import server_url, topic_prefix_for
from tests.servers.postgres import database_for

DECLARED = '[functions.train]\nqueue = "models"\n[functions.count]\nqueue = "models"\n'
FUNCTIONS = """
from baton import function


@function("train")
async def train(payload, ctx):
    ctx.log.info("training, attempt %d", ctx.attempt)
    if ctx.attempt == 1:
        raise ValueError("nothing learned yet")
    ctx.log.warning("learned\\nlittle")


@function("count", pool="process")
def count(payload, ctx):
    print("counted to", 3)
    ctx.log.error("lost count")
"""


@contextmanager
def worker(folder: Path, known: dict[str, str]) -> Iterator[None]:
    """Run a worker of the queue in `folder`, which has to have its functions."""
    with (folder / "worker.log").open("w") as log:
        process = subprocess.Popen(
            [*BATON, "worker", "--queue", "models", "--functions", "models.py"],
            cwd=folder,
            env=environment(known),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    with process, killed_at_end(process):
        assert process.stdout is not None
        assert b"Baton worker performs" in process.stdout.readline()
        yield
        process.terminate()
        assert process.wait(DEADLINE_S) == 0


def test_lines_of_a_remote_worker_are_the_log_of_their_attempts(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {
        "BATON_STORE": asyncio.run(database_for(tmp_path)),
        "BATON_LOG": server_url(),
        "BATON_TOPIC_PREFIX": topic_prefix_for(tmp_path),
    }
    (tmp_path / "baton.toml").write_text(DECLARED)
    away = tmp_path / "away"
    away.mkdir()
    (away / "models.py").write_text(FUNCTIONS)
    with dev(tmp_path, env=known), worker(away, known):
        monkeypatch.setenv("BATON_DATA", str(tmp_path / ".baton"))
        run_id = run_of(call, "models", "train", "count", retry={"maxAttempts": 2, "backoffMs": 1})
        lines = call("runs", "logs", run_id).out.splitlines()
        of_one = call("runs", "logs", run_id, "--step", "train", "--attempt", "1").out

    assert [line if line.startswith(" ") else line.split(" ", 1)[1] for line in lines] == [
        "info     train[1] training, attempt 1",
        "info     train[2] training, attempt 2",
        "warning  train[2] learned",
        "    little",
        "output   count[1] counted to 3",
        "error    count[1] lost count",
    ]
    assert of_one.split(" ", 1)[1] == "info     train[1] training, attempt 1\n"
