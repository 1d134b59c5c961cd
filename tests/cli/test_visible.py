"""Text from a server or a client reaches terminals and logs without control characters."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.text import Text

import baton.cli
from baton.cli.terminal.failures import print_error
from baton.cli.terminal.output import print_json, print_line, print_lines
from baton.cli.terminal.tables import Column, print_table
from baton.cli.terminal.visible import visible, visible_json, visible_text
from tests.cli.processes import environment

CLI = Path(baton.cli.__path__[0])
HOSTILE = {
    "title": "a\x1b]0;owned\x07b",
    "screen": "a\x1b[2J\x1b[Hb",
    "C1": "a\x9b2Jb\x9d0;t\x9c",
    "carriage return": "ok\rfailed",
    "line end": "a\nforged row",
    "other line ends": "a\x0b\x0c\x85\u2028\u2029b",
    "order of reading": "a\u202eb\u2066c\u200f\u061c",
    "no width": "a\u200b\u200d\u2060\ufeffb\u00ad",
    "tab": "a\tb",
    "tag": "a\U000e0041b",
}
_PRINTED = """
import logging
from baton.cli.services.logs import show_logs
show_logs()
try:
    raise ValueError("a\\x1b[2J\\rb")
except ValueError:
    said = "a\\x1b]0;t\\x07\\nlevel=error forged"
    logging.getLogger("x").exception(said, extra={"who": "\\x9b2J"})
"""


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_printed_text_has_an_unprintable_character(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_line(text)
    print_error(text)
    print_table([Column(name="NAME")], [(text,)])
    print_lines([Text(text, "bold")])
    printed = capsys.readouterr()

    lines = [*printed.out.splitlines(), *printed.err.splitlines()]
    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)
    assert len(visible(text)) == len(text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_json_keeps_its_value_and_escapes_unprintable_characters(text: str) -> None:
    document = visible_json(json.dumps({"name": text}, indent=2, ensure_ascii=False))

    assert json.loads(document) == {"name": text}
    assert all(line.isprintable() for line in document.split("\n"))


def test_printed_json_is_escaped(capfd: pytest.CaptureFixture[str]) -> None:
    print_json(HOSTILE)

    assert json.loads(capfd.readouterr().out) == HOSTILE


def test_other_text_and_styles_stay_as_they_are() -> None:
    for text in ("plain", "Ünïcödé €", "日本語", "🙂"):
        assert visible(text) == text
    assert visible("a\u00a0b") == "a b"

    styled = Text.assemble("a\x1b", ("bold\n", "bold"), "c")
    shown = visible_text(styled)
    assert (shown.plain, shown.spans) == ("a\ufffdbold\ufffdc", styled.spans)


def test_a_log_line_has_no_control_characters_and_forges_no_line() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PRINTED],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert not set(done.stderr) & set("\x1b\r\x07\x9b")
    assert not [line for line in done.stderr.splitlines() if line.startswith("level=error forged")]


def test_no_verb_prints_server_text_without_visible() -> None:
    """A count and a fixed text may be printed so; anything else goes through `visible`."""
    sources = [*CLI.glob("server/**/*.py"), *CLI.glob("audit/*.py")]
    found = [
        f"{path.name}: {line.strip()}"
        for path in sources
        for line in path.read_text().splitlines()
        if "typer.echo(" in line and "visible(" not in line
    ]

    assert sorted(found) == [
        "audit_run.py: typer.echo(",
        'key.py: typer.echo("\\n".join(verifiers))',
        'verbs.py: typer.echo(f"{len(chosen)} redriven")',
    ]
