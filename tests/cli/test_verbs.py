"""Rules for every verb: help, usage errors in one line, and a quick start."""

import json
import subprocess
import sys

import pytest
import typer

from baton.cli.app import app
from tests.cli.conftest import Call
from tests.cli.processes import BATON, environment

HEAVY = ("aiohttp", "aiokafka", "asyncpg", "backends", "pydantic", "structlog", "uvloop", "yaml")
RELEASED = {
    "": (
        "api backtest completion config demo dev executor export help hold import migrate"
        " projector release replay republish scheduler token ui up version worker"
    ),
    "apikey": "create list revoke",
    "audit": "key run verify",
    "bulk": "cancel list pause rerun resume retry show stop",
    "deadletters": "list redrive",
    "definitions": "apply delete list schema show validate",
    "events": "send",
    "explain": "definition record run",
    "functions": "list",
    "runs": "cancel list logs pause rerun resume retry show start watch",
    "secrets": "reseal",
    "traces": "export",
    "user": "add list remove",
    "views": "compare drop list promote rebuild rollback",
    "webhooks": "deliveries list redrive test",
}
"""The verbs of this release by their group; those under "" have none."""


def verbs() -> list[str]:
    """Return all verbs as they are typed."""

    def below(command: object, words: str) -> list[str]:
        inside = getattr(command, "commands", {})
        return [words, *(one for name in inside for one in below(inside[name], f"{words} {name}"))]

    found = below(typer.main.get_command(app), "")
    return sorted(words.strip() for words in found)


def test_the_verbs_are_those_of_this_release() -> None:
    every = verbs()
    leaves = {verb for verb in every if not any(one.startswith(f"{verb} ") for one in every)}

    assert leaves - {""} == {
        f"{group} {verb}".strip() for group, names in RELEASED.items() for verb in names.split()
    }


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_has_a_help_text(call: Call, verb: str) -> None:
    ended = call(*verb.split(), "--help")

    assert (ended.code, ended.err) == (0, "")
    assert f"Usage: {' '.join(['baton', *verb.split()])}" in ended.out


def test_baton_alone_lists_the_verbs(call: Call) -> None:
    ended = call()

    assert ended.code == 0
    assert ended.out.index("  definitions ") < ended.out.index("  hold ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("nonsense", "baton: No such command 'nonsense'. (see baton --help)"),
        ("runs show", "baton runs show: Missing argument 'RUN'."),
        ("runs list --status done", "Invalid value for '--status': choose one of pending, running"),
        ("runs list --limit 0", "baton runs list: Invalid value for '--limit'"),
        ("runs start orders --input @", "Invalid value for '--input': name a file behind @"),
        ("dev --port high", "baton dev: Invalid value for '--port'"),
        ("dev --tenant A_B", "baton dev: Invalid value for '--tenant'"),
        ("dev orders.py", "unexpected argument 'orders.py': write --functions before it"),
        ("demo --orders 0", "baton demo: Invalid value for '--orders'"),
        ("token", "baton token: Missing option '--tenant'."),
        ("token --tenant Shop", "write 1 to 63 of a-z, 0-9 and -, beginning with no -"),
        ("token --tenant shop --ttl forever", "write a number and s, m, h or d"),
        ("token --tenant shop --ttl 0s", "write a number and s, m, h or d"),
        (
            "token --tenant shop --scope all",
            "write one or more of orchestrator:read, orchestrator:write",
        ),
        ("token --tenant shop --unknown", "No such option '--unknown'."),
        ("export --from behind", "baton export: Invalid value for '--from'"),
        ("export --to -1", "baton export: Invalid value for '--to'"),
        ("replay --to tomorrow", "'tomorrow' is neither a duration, such as 2h, nor a time"),
        ("events send", "name a record (orders/1001), or a --file with events"),
        ("events send orders/1 --file -", "name a record (orders/1001), or a --file with events"),
    ],
)
def test_wrong_usage_fails_with_one_line(call: Call, arguments: str, message: str) -> None:
    ended = call(*arguments.split())

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.count("\n") == 1
    assert message in ended.err
    assert "--help" in ended.err


def test_an_unexpected_failure_is_one_line(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("baton.cli.load_settings.load_settings", lambda **_: 1 / 0)

    ended = call("config")

    assert ended.code == 1
    assert ended.err == (
        "Unexpected ZeroDivisionError (division by zero): BATON_TRACEBACK=1 shows where;"
        " please report it\n"
    )


def test_a_variable_turns_tracebacks_on(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_TRACEBACK", "1")

    assert "Traceback (most recent call last)" in call("runs", "list").err


def test_help_imports_no_service() -> None:
    program = f"""
import atexit, json, sys
atexit.register(lambda: print(json.dumps([m for m in {HEAVY} if m in sys.modules])))
sys.argv = ["baton", "--help"]
from baton.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_the_sdk_imports_the_standard_library_alone() -> None:
    program = """
import sys, threading
before = set(sys.modules)
from baton import NonRetryableError, StepContext, StepResult, function
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(loaded - set(sys.stdlib_module_names)), threading.active_count())
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "['baton'] 1\n"


def test_a_closed_pipe_is_not_an_error() -> None:
    line = f"{' '.join(BATON)} --help | head -1"
    done = subprocess.run(
        ["bash", "-c", line], env=environment(), capture_output=True, text=True, check=True
    )

    assert done.stderr == ""


def test_an_interrupt_while_the_program_loads_prints_no_traceback() -> None:
    program = """
import sys
from baton.cli import main

class Interrupting:
    def find_spec(self, name, *_):
        if name == "baton.cli.app":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_character_the_terminal_lacks_becomes_a_question_mark() -> None:
    program = """
import sys
from baton.cli import main
sys.argv = ["baton", "\\u20ac"]
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment({"PYTHONIOENCODING": "ascii"}),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr == "baton: No such command '?'. (see baton --help)\n"
