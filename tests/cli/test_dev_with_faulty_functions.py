"""`baton dev` with functions that kill it, block it or never end: it comes up, and it stops."""

import json
import re
import signal
import time
from pathlib import Path

from tests.cli.conftest import Call
from tests.cli.processes import Dev, dev

LOST = re.compile(r"run (\S+): its executor was lost during attempt 1 of step only")
FAULTY = """
import asyncio, os, time
from baton import function

@function("kill")
def kill():
    os._exit(7)

@function("raise")
async def raise_():
    raise KeyboardInterrupt

@function("swallow")
async def swallow():
    while True:
        try:
            await asyncio.sleep(3600)
        except BaseException:
            pass

@function("spin")
async def spin():
    while True:
        pass

@function("lookup")
def lookup(payload):
    return find(payload["input"])

def find(order):
    return json_of(order)["amount"]

def json_of(order):
    import json
    return json.loads(order["text"])
"""


def started(call: Call, server: Dev, function: str, given: str = "{}") -> str:
    """Start a run of a definition with one step, which calls `function`; return its id."""
    definition = {
        "slug": function,
        "name": function,
        "trigger": {"type": "on-demand"},
        "steps": [{"id": "only", "type": "compute", "functionId": function}],
    }
    (server.folder / "definition.json").write_text(json.dumps(definition))
    of = ("--url", server.url, "--token", server.token)
    applied = call("definitions", "apply", server.folder / "definition.json", *of)
    assert applied.code == 0, applied.err
    return call("runs", "start", function, "--input", given, *of).out.strip()


def faulty(folder: Path) -> Path:
    path = folder / "faulty.py"
    path.write_text(FAULTY)
    return path


def test_a_step_that_kills_the_process_is_named_and_the_server_comes_up_again(
    tmp_path: Path, call: Call
) -> None:
    functions = faulty(tmp_path)
    with dev(tmp_path, "--functions", functions) as first:
        started(call, first, "kill")  # its answer may be lost with the process
        assert first.process.wait(30) == 7
    with dev(tmp_path, "--functions", functions) as second:
        assert second.process.wait(30) == 7  # the backoff is over
        lost = LOST.search(second.log)
    assert lost is not None
    run = lost[1]
    functions.write_text(FAULTY.replace("os._exit(7)", "return 7"))
    with dev(tmp_path, "--functions", functions) as third:
        of = ("--url", third.url, "--token", third.token)
        watched = call("runs", "watch", run, *of)
        shown = call("runs", "show", run, *of)

    assert watched.code == 0, watched.err
    assert "EXECUTOR_LOST" in shown.out
    assert "attempt 3" in shown.out


def test_signals_end_it_although_functions_swallow_their_cancellation_or_hold_the_event_loop(
    tmp_path: Path, call: Call
) -> None:
    """Two processes wait for the same grace, so both are stopped at the same time."""
    functions = faulty(tmp_path)
    with (
        dev(made(tmp_path / "swallowing"), "--functions", functions) as swallowing,
        dev(made(tmp_path / "spinning"), "--functions", functions) as spinning,
    ):
        swallowed = started(call, swallowing, "swallow")
        spun = started(call, spinning, "spin")
        began = time.monotonic()
        spinning.process.send_signal(signal.SIGTERM)
        ended = swallowing.stop()
        took = time.monotonic() - began
        assert spinning.process.wait(30) == 1

    assert ended.code == 0
    assert took < 20
    assert "function swallow ignores its cancellation and is left behind" in swallowing.log
    assert f"run {swallowed}, step only" in swallowing.log
    assert "function spin has blocked the event loop for more than 100 ms" in spinning.log
    assert spun in spinning.log


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_exceptions_stay_in_their_step_and_runs_show_prints_where_they_were_raised(
    tmp_path: Path, call: Call
) -> None:
    functions = faulty(tmp_path)
    with dev(tmp_path, "--functions", functions) as running:
        of = ("--url", running.url, "--token", running.token)
        interrupted = started(call, running, "raise")
        run = started(call, running, "lookup", '{"text": "no json"}')
        watched = call("runs", "watch", run, *of)
        brief = call("runs", "show", run, *of).out
        whole = call("runs", "show", run, "--traceback", *of).out
        assert "KeyboardInterrupt" in call("runs", "show", interrupted, *of).out
        assert running.stop().code == 0

    lines = functions.read_text().splitlines()
    number = lines.index('    return json.loads(order["text"])') + 1
    assert watched.code == 1
    assert f"at {functions}:{number} in json_of" in brief
    assert "Traceback" not in brief
    assert "Traceback (most recent call last):" in whole
    assert "json/decoder.py" in whole
    assert "function raise failed with KeyboardInterrupt" in running.log
