"""`baton demo` from start to end, in a terminal and without one."""

import json
import re
import subprocess
from importlib.resources import files
from pathlib import Path

from tests.cli.conftest import Call
from tests.cli.processes import BATON, baton, dev, environment, in_terminal

REFERENCE = Path(__file__).parents[1] / "seeds" / "001-centrali-reference.txt"


def test_the_definition_is_the_example_of_the_reference_page() -> None:
    page = REFERENCE.read_text()
    example = page[page.index("Create Orchestration") :].partition("Request Body:")[2]
    body, _ = json.JSONDecoder().raw_decode(example.strip())

    shipped = json.loads(files("baton.demo").joinpath("order-processing.json").read_text())

    assert shipped == body


def test_the_demo_processes_all_orders_and_shows_one_run(tmp_path: Path) -> None:
    ended = baton("demo", folder=tmp_path)

    assert (ended.code, ended.err) == (0, "")
    lines = re.findall(r"order (\d+)  .*  completed  (.+?)  +\d+ ms", ended.out)
    assert sorted(order for order, _ in lines) == [str(number) for number in range(1001, 1025)]
    assert {path for _, path in lines} == {
        "validate → check-result → fulfill",
        "validate → check-result → reject",
    }
    assert "18 orders fulfilled, 6 rejected." in ended.out
    assert "case 1: steps.validate.output.isValid eq true? yes, it is true" in ended.out
    assert 'output {"isValid": true, "problems": []}' in ended.out
    assert '"orderId": "ord_' in ended.out
    assert ended.out.splitlines()[-1].endswith("`baton demo --data .baton`, then `baton dev`.")
    assert "\x1b" not in ended.out
    assert "\N{REPLACEMENT CHARACTER}" not in ended.out


def test_the_demo_removes_its_folder(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()

    baton("demo", "--orders", 1, folder=tmp_path, env={"TMPDIR": str(temporary)})

    assert list(tmp_path.rglob("*")) == [temporary]


def test_a_terminal_shows_the_progress_of_the_orders(tmp_path: Path) -> None:
    ended = in_terminal(tmp_path, "demo", "--orders", "6")

    assert ended.code == 0
    assert "\x1b[32mcompleted\x1b[0m" in ended.out
    assert "0 of 6 orders processed" in ended.out
    assert "6 of 6 orders processed" in ended.out
    assert "5 orders fulfilled, 1 rejected." in ended.out


def test_ctrl_c_ends_the_demo_silently(tmp_path: Path) -> None:
    ended = in_terminal(
        tmp_path,
        "demo",
        "--orders",
        "500",
        typed=lambda shown: "\x03" if "runs at" in shown else "",
    )

    assert ended.code == 130
    assert "Traceback" not in ended.out
    assert "fulfilled" not in ended.out


def test_a_kept_folder_serves_the_next_demo_and_dev(tmp_path: Path, call: Call) -> None:
    first = baton("demo", "--orders", 2, "--data", ".baton", folder=tmp_path)
    second = baton("demo", "--orders", 2, "--data", ".baton", folder=tmp_path)
    with dev(tmp_path):
        runs = json.loads(call("runs", "list", "order-processing", "--json").out)

    assert (first.code, second.code) == (0, 0)
    assert first.out.endswith(
        ": `baton dev --data .baton`, and in another terminal"
        " `BATON_DATA=.baton baton runs list`.\n"
    )
    assert "order-processing unchanged" in second.out
    assert {run["trigger"]["recordId"] for run in runs} == {"1001", "1002", "1003", "1004"}


def test_a_run_that_does_not_complete_fails_the_demo(tmp_path: Path) -> None:
    program = """
import sys
import baton.demo.functions as functions
from baton import function

@function("fulfill-order", id="func_def456")
def broken(payload):
    raise RuntimeError("no carrier")

functions.fulfill = broken
sys.argv = ["baton", "demo", "--orders", "4"]
from baton.cli import main
main()
"""
    done = subprocess.run(
        [BATON[0], "-c", program],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Only 1 of 4 runs completed")
