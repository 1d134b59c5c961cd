"""Fixtures: a server for a whole module, and verbs called inside the test process."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import typer

from baton.cli import main
from baton.cli.app import app
from tests.cli.processes import Dev, Ended, dev

FUNCTIONS = '''
"""Functions of the tests."""

from baton import NonRetryableError, StepContext, StepResult, function


@function("validate-order", id="func_abc123")
def validate(payload: dict, context: StepContext) -> dict:
    context.log.info("checking %s", payload["input"]["recordId"])
    return {"isValid": payload["input"].get("data", {}).get("total", 0) > 0}


@function("fulfill-order", id="func_def456")
async def fulfill() -> StepResult:
    return StepResult(output={"orderId": "ord_123"}, context={"fulfilled": True})


@function("reject-order", id="func_ghi789")
async def reject() -> dict:
    return {"rejected": True}


@function("break-once")
async def break_once(payload: dict, context: StepContext) -> str:
    if context.attempt == 1:
        raise NonRetryableError("the carrier is closed", code="CLOSED")
    return "mended"
'''

Call: TypeAlias = Callable[..., Ended]


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove Baton's settings, set a width of terminals, and change to a folder of the test."""
    for name in os.environ:
        if name.startswith("BATON_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def commands() -> Any:
    """All commands of the program, built once: building them takes longer than most verbs."""
    return typer.main.get_command(app)


@pytest.fixture
def call(
    commands: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Call:
    """Return a function that runs a verb in this process and returns exit code and output."""
    monkeypatch.setattr(typer.main, "get_command", lambda _: commands)
    monkeypatch.setattr(os, "setpriority", lambda *_: None)  # it would hold for later tests

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["baton", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return Ended(int(left.value.code or 0), out, err)

    return run


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """Run `baton dev` for the tests of a module."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "orders.py").write_text(FUNCTIONS)
    with dev(folder, "--functions", "orders.py") as running:
        yield running


@pytest.fixture
def ask(call: Call, server: Dev, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Return a function that runs a verb against the server, found by its session files."""
    monkeypatch.setenv("BATON_DATA", str(server.folder / ".baton"))
    return call
