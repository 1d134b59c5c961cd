"""A bad value of any option of any verb: exit code 2, one line that names the option, no trace."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from baton.cli.app import app
from tests.cli.conftest import Call

BAD: Mapping[str, str] = {
    "--as-of": "last summer",
    "--at": "yesterday",
    "--data": "a-file",
    "--context-patch": "[1]",
    "--expires": "soon",
    "--export": "none/events.ndjson",
    "--file": "none.json",
    "--functions": "none.py",
    "--input-patch": "[1]",
    "--input": '{"a": }',
    "--key": "clé",
    "--map": "send",
    "--out": "none/events.ndjson",
    "--outcome": "lost",
    "--outputs": "[1]",
    "--proof": "none/proof.json",
    "--queue": "a b",
    "--record": "[1]",
    "--scope": "orchestrator:everything",
    "--since": "long ago",
    "--status": "done",
    "--stub": "none.json",
    "--tenant": "A_B",
    "--timers": "later",
    "--to": "tomorrow",
    "--token": "two words",
    "--ttl": "forever",
    "--until": "some day",
    "--url": "here",
    "--version": "oldest",
}
"""A value that the option refuses, unless "high" in the place of a number is one."""
FREE_TEXT = {
    *("--correlation-id", "--dialect", "--find", "--from", "--group", "--host", "--id", "--name"),
    *(
        "--against",
        "--definition",
        "--reason",
        "--run",
        "--step",
        "--subject",
        "--type",
    ),
    "runs list --record",
    *(f"bulk {verb} --record" for verb in ("cancel", "pause", "rerun", "resume", "retry")),
}
"""Options, of every verb or of one, that take any text; a server or the system may refuse it."""
ARGUMENTS = {
    "apikey create": ("--tenant", "demo", "--name", "ci"),
    "apikey revoke": ("some-id",),
    "audit run": ("some-id",),
    "backtest": ("definition.json", "--against", "orders"),
    "definitions apply": ("definition.json",),
    "definitions delete": ("orders",),
    "definitions show": ("orders",),
    "definitions validate": ("definition.json",),
    "deadletters redrive": ("some-id",),
    "events send": ("orders/1",),
    "explain record": ("some-id",),
    "explain run": ("some-id",),
    "republish": ("--from", "1"),
    "runs cancel": ("some-id",),
    "runs pause": ("some-id",),
    "runs resume": ("some-id",),
    "runs rerun": ("some-id",),
    "runs retry": ("some-id",),
    "runs show": ("some-id",),
    "runs start": ("orders",),
    "runs watch": ("some-id",),
    "token": ("--tenant", "demo"),
    "user add": ("ann", "--tenant", "demo", "--password-stdin"),
    "user remove": ("ann",),
    "worker": ("--queue", "images"),
}
"""The arguments that a verb needs."""
INSTEAD = {"--file"}
"""Options that replace the arguments."""


class Case(NamedTuple):
    verb: str
    option: str
    value: str | None

    def __str__(self) -> str:
        return f"{self.verb} {self.option}"


def verbs(command: Any, words: str = "") -> Iterator[tuple[str, Any]]:
    inside = getattr(command, "commands", {})
    if not inside:
        yield words.strip(), command
    for name in inside:
        yield from verbs(inside[name], f"{words} {name}")


def every_option() -> Iterator[Case]:
    for verb, command in verbs(typer.main.get_command(app)):
        for option in command.params:
            name = max(option.opts, key=len)
            if name.startswith("--") and not option.is_flag:
                number = option.type_descriptor.annotation in {int, float}
                bad = None if f"{verb} {name}" in FREE_TEXT else BAD.get(name)
                yield Case(verb, name, bad or ("high" if number else None))


OPTIONS = tuple(every_option())
BAD_VALUES = tuple(case for case in OPTIONS if case.value is not None)


def test_every_option_has_a_bad_value_or_takes_any_text() -> None:
    others = [one for one in OPTIONS if one.value is None and one.option not in FREE_TEXT]
    assert [str(one) for one in others if str(one) not in FREE_TEXT] == []


@pytest.mark.parametrize("case", BAD_VALUES, ids=str)
def test_a_bad_value_of_an_option_is_wrong_usage(call: Call, case: Case) -> None:
    Path("a-file").touch()
    Path("definition.json").write_text("{}")
    given = () if case.option in INSTEAD else ARGUMENTS.get(case.verb, ())

    ended = call(*case.verb.split(), *given, case.option, case.value)

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert ended.err.startswith(f"baton {case.verb}: Invalid value for '{case.option}'")
    assert "Traceback" not in ended.err
    assert "Value error" not in ended.err
    assert {path.name for path in Path().iterdir()} == {"a-file", "definition.json"}


@pytest.mark.parametrize("verb", ["export", "republish"])
def test_a_range_that_ends_before_it_begins_is_wrong_usage(call: Call, verb: str) -> None:
    ended = call(verb, "--from", "9", "--to", "3")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"baton {verb}: Invalid value for '--to': 3 is before --from 9")
