"""`baton runs watch` continues when the server restarts, and ends on Ctrl-C."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.cli.conftest import Call
from tests.cli.processes import BATON, DEADLINE_S, dev, environment, killed_at_end
from tests.dialects.centrali_documents import orchestration
from tests.kit.eventually import eventually_blocking

HOLD = """
import asyncio
from pathlib import Path
from baton import function

@function("hold")
async def hold():
    while not Path("release").exists():
        await asyncio.sleep(0.02)
"""
STEPS = [
    {"id": "first", "type": "compute", "functionId": "noop", "nextStepId": "second"},
    {"id": "second", "type": "compute", "functionId": "hold", "nextStepId": "third"},
    {"id": "third", "type": "compute", "functionId": "noop"},
]


@contextmanager
def watching(folder: Path, run_id: str, name: str) -> "Iterator[subprocess.Popen[bytes]]":
    """Run `baton runs watch`; its output is in the files NAME.out and NAME.err."""
    with (
        (folder / f"{name}.out").open("wb") as out,
        (folder / f"{name}.err").open("wb") as err,
        subprocess.Popen(
            [*BATON, "runs", "watch", run_id], cwd=folder, env=environment(), stdout=out, stderr=err
        ) as process,
        killed_at_end(process),
    ):
        yield process


def test_watching_continues_when_the_server_restarts(tmp_path: Path, call: Call) -> None:
    (tmp_path / "hold.py").write_text(HOLD)
    (tmp_path / "held.json").write_text(json.dumps(orchestration("held", steps=STEPS)))

    def says(file: str, text: str) -> None:
        eventually_blocking(lambda: text in (tmp_path / file).read_text(), within_s=DEADLINE_S)

    with ExitStack() as watchers:
        with dev(tmp_path, "--functions", "hold.py") as killed:
            call("definitions", "apply", "held.json")
            run_id = call("runs", "start", "held").out.strip()
            follows, stops = (
                watchers.enter_context(watching(tmp_path, run_id, name))
                for name in ("follows", "stops")
            )
            says("follows.out", "first  compute   succeeded")
            says("stops.out", "first  compute   succeeded")
            killed.process.kill()
            killed.process.wait(DEADLINE_S)
        lost = f"Lost the server at {killed.url}: waiting for it (Ctrl-C ends this)\n"
        says("follows.err", lost)
        says("stops.err", lost)
        stops.send_signal(signal.SIGINT)
        assert stops.wait(DEADLINE_S) == 130

        with dev(tmp_path, "--functions", "hold.py") as again:
            says("follows.err", "answers again")
            (tmp_path / "release").touch()
            assert follows.wait(DEADLINE_S) == 0

    assert (tmp_path / "stops.err").read_text() == lost
    assert (tmp_path / "follows.err").read_text() == (
        f"{lost}The server at {again.url} answers again\n"
    )
    shows_each_line_once((tmp_path / "follows.out").read_text().splitlines(), run_id)


def shows_each_line_once(lines: list[str], run_id: str) -> None:
    steps = [line.split()[2] for line in lines if "compute" in line]
    assert [*dict.fromkeys(steps)] == ["first", "second", "third"]
    beginnings = [line for line in lines if line.strip().startswith("+")]
    assert len(beginnings) == len(set(beginnings))
    assert lines[-1].startswith(f"Run {run_id} of held (version 1): completed after ")
