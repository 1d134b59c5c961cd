"""`baton runs logs` against a running `baton dev`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call
from tests.cli.processes import Dev, dev
from tests.dialects.centrali_documents import compute, orchestration

FUNCTIONS = """
import asyncio
from pathlib import Path

from baton import function


@function("tell")
async def tell(payload, ctx):
    ctx.log.info("telling %s", ctx.step_id)
    ctx.log.warning("two\\nlines \\x1b[31m")


@function("gate")
async def gate(payload, ctx):
    ctx.log.info("at the gate")
    Path("reached").touch()
    while not Path("open").exists():
        await asyncio.sleep(0.02)
    ctx.log.error("through")


@function("loud", pool="process")
def loud():
    for number in range(10_000):
        print(f"line {number}")


@function("silent")
async def silent():
    pass
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "talk.py").write_text(FUNCTIONS)
    with dev(folder, "--functions", "talk.py") as running:
        yield running


def run_of(ask: Call, slug: str, *functions: str, wait: bool = True, **members: Any) -> str:
    """Start a run of a step per function and return its id; `members` are those of each step."""
    following = [*functions[1:], None]
    steps = [
        compute(name, function=name, **members, **({"nextStepId": after} if after else {}))
        for name, after in zip(functions, following, strict=True)
    ]
    Path("applied.json").write_text(json.dumps(orchestration(slug, *steps)))
    assert ask("definitions", "apply", "applied.json").code == 0
    flags = ("--wait",) if wait else ()
    return str(json.loads(ask("runs", "start", slug, "--json", *flags).out)["id"])


def test_lines_are_printed_with_time_level_and_attempt(ask: Call) -> None:
    run_id = run_of(ask, "tells", "tell", "silent")

    ended = ask("runs", "logs", run_id)
    first, second, rest = ended.out.splitlines()

    assert (ended.code, ended.err) == (0, "")
    assert first.split(" ", 1)[1] == "info     tell[1] telling tell"
    assert second.split(" ", 1)[1] == "warning  tell[1] two"
    assert rest == "    lines \N{REPLACEMENT CHARACTER}[31m"


def test_lines_of_a_step_are_printed_as_json(ask: Call) -> None:
    run_id = run_of(ask, "tells-json", "tell", "silent")

    ended = ask("runs", "logs", run_id, "--step", "tell", "--attempt", "1", "--json")
    shown: list[dict[str, Any]] = [json.loads(line) for line in ended.out.splitlines()]

    assert [one["message"] for one in shown] == ["telling tell", "two\nlines \x1b[31m"]
    assert "\x1b" not in ended.out


def test_a_run_without_lines_is_reported(ask: Call) -> None:
    ended = ask("runs", "logs", run_of(ask, "silent", "silent"))

    assert (ended.code, ended.out) == (0, "")
    assert "No line was logged" in ended.err


def test_a_flood_is_printed_without_its_middle(ask: Call) -> None:
    lines = ask("runs", "logs", run_of(ask, "floods", "loud")).out.splitlines()

    assert lines[0].endswith("output   loud[1] line 0")
    assert lines[-1].endswith("output   loud[1] line 9999")
    (left_out,) = [line for line in lines if "lines are left out" in line]
    assert len(lines) - 1 + int(left_out.split(" … ")[1].split()[0]) == 10_000


def test_a_run_is_followed_until_it_ends(ask: Call, server: Dev) -> None:
    run_id = run_of(ask, "gated", "gate", wait=False)
    (server.folder / "open").touch()

    lines = ask("runs", "logs", run_id, "--follow").out.splitlines()

    assert [line.split(" ", 1)[1] for line in lines] == [
        "info     gate[1] at the gate",
        "error    gate[1] through",
    ]


def test_an_unknown_run_or_step_is_named(ask: Call) -> None:
    run_id = run_of(ask, "known", "silent")

    assert "nowhere" in ask("runs", "logs", run_id, "--step", "nowhere").err
    unknown = ask("runs", "logs", "nobody")
    assert unknown.code == 1
    assert "nobody" in unknown.err
