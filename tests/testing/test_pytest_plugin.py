"""The pytest plugin: its fixture, golden histories, and tests in random order.

With BATON_TEST_WORKERS they run in so many processes at once.
"""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from baton import testing
from baton.testing import Engine
from baton.testing.golden import GoldenFiles
from tests.cli.processes import environment
from tests.dialects.baton_documents import own_definition

WORKERS = os.environ.get("BATON_TEST_WORKERS")
APP = """
from baton import function


@function("greet")
def greet(payload: dict) -> str:
    return f"Hello, {payload['input']['name']}!"
"""
DEFINITION = """
slug: hello
name: Hello
steps:
  - {id: greet, function: greet, next: rest}
  - {id: rest, delay: 2d}
"""
TESTS = """
import pytest


async def test_greets(baton):
    run = (await baton.run("hello", {"name": "Ada"})).completed()
    assert run.output("greet") == "Hello, Ada!"
    run.matches_golden()


async def test_greets_nobody(baton):
    baton.stub("greet", raises=KeyError)
    (await baton.run("hello")).failed("KeyError").matches_golden("golden/nobody.txt")


@pytest.mark.parametrize("number", range(6))
async def test_each_test_has_its_own_engine(baton, number):
    await baton.run("hello", {"name": "Bob"})
    assert len(await baton.runs()) == 1
"""
GOLDEN = """\
+0s        RunRequested                             {"name":"Ada"}
+0s        RunStarted
+0s        StepStarted     greet #1                 greet
+0s        StepSucceeded   greet #1                 "Hello, Ada!"
+0s        DelayStarted    rest                     for 2d
+2d        DelayElapsed    rest
+2d        RunCompleted
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "hello.yaml").write_text(DEFINITION)
    (tmp_path / "test_hello.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nfilterwarnings = error\n"
        "asyncio_default_fixture_loop_scope = function\n"
        "baton_functions = app.py\nbaton_definitions = hello.yaml\n"
    )
    return tmp_path


def test_tests_run_in_any_order_and_golden_histories_are_written(folder: Path) -> None:
    plugins = ["asyncio", "randomly", "baton.testing.pytest_plugin", *["xdist"] * bool(WORKERS)]
    more = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "BATON_STORE": "postgres://nowhere"}

    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "--baton-update"),
            *(word for plugin in plugins for word in ("-p", plugin)),
            *(("-n", WORKERS) if WORKERS else ()),
        ],
        cwd=folder,
        env=environment(more),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, "8 passed" in done.stdout) == (0, True), done.stdout + done.stderr
    assert (folder / "golden" / "test_greets.txt").read_text() == GOLDEN
    assert "KeyError" in (folder / "golden" / "nobody.txt").read_text()


LOADED = "import json, sys, baton.testing.pytest_plugin; print(json.dumps(sorted(sys.modules)))"


def test_the_plugin_loads_the_engine_only_when_a_test_asks_for_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], env=environment(), capture_output=True, check=True
    )

    loaded = [name for name in json.loads(done.stdout) if name.partition(".")[0] == "baton"]
    sdk = ["baton", "baton.executor", "baton.executor.sdk"]
    assert loaded == [*sdk, "baton.testing", "baton.testing.pytest_plugin"]
    assert [getattr(testing, name).__name__ for name in testing.__all__] == testing.__all__
    with pytest.raises(AttributeError, match="has no attribute 'Motor'"):
        _ = testing.Motor


async def test_a_history_that_differs_from_its_golden_file_fails(tmp_path: Path) -> None:
    files = GoldenFiles(folder=tmp_path, name="test_rests[1/2]")
    rest = own_definition("rest", {"id": "rest", "delay": "2d"})
    async with Engine(definitions=[rest], golden=files) as baton:
        run = await baton.run("rest")
        with pytest.raises(AssertionError, match="write it with pytest --baton-update"):
            run.matches_golden()
        run.golden = replace(files, update=True)
        run.matches_golden()
        run.golden = files
        run.matches_golden()

        file = tmp_path / "golden" / "test_rests-1-2-.txt"
        file.write_text(file.read_text().replace("+2d", "+3d"))
        with pytest.raises(AssertionError, match=r"\n-\+3d +DelayElapsed.*\n(.*\n)*\+\+2d +DelayE"):
            run.matches_golden()
        run.golden = None
        with pytest.raises(ValueError, match="needs a path outside of the pytest fixture"):
            run.matches_golden()
