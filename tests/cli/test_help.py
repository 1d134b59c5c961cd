"""Help pages in terminals of three widths, groups alone, and words that name no verb."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer

from baton.cli.app import app
from tests.cli.conftest import Call
from tests.cli.processes import BATON, Ended, baton, environment
from tests.cli.screens import WIDTHS, plain, screens, shown_in_terminal

NOTED = {
    "baton dev": ("127.0.0.1", "8080", "0 to 65535", ".baton", "demo"),
    "baton token": ("orchestrator:read orchestrator:write", "1h", "cli", "required"),
    "baton runs list": ("all", "20", "1 to 500", "that of `baton dev`"),
    "baton import": ("standard input",),
    "baton worker": ("100", "at least 1", "required"),
}
"""Notes behind help texts, as a reader of the page looks for them."""


def commands() -> dict[str, Any]:
    """Return all commands and groups by their path."""

    def below(command: Any, path: str) -> dict[str, Any]:
        inner = getattr(command, "commands", {})
        found = {path: command}
        for name, one in inner.items():
            found |= below(one, f"{path} {name}")
        return found

    return below(typer.main.get_command(app), "baton")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Ended]:
    """Return the page of each command at each width."""
    asked = [(path, width) for width in WIDTHS for path in commands()]
    lines = [(width, [*path.split()[1:], "--help"]) for path, width in asked]
    shown = screens(lines, folder=tmp_path_factory.mktemp("help"), env={})
    return dict(zip(asked, shown, strict=True))


def words_of(command: Any) -> list[str]:
    """Return every text that the help page of a command must show."""
    texts = [command.help or ""]
    for parameter in command.params:
        if not parameter.hidden:
            default = parameter.show_default
            texts += [parameter.help, default if isinstance(default, str) else ""]
            texts += [parameter.metavar or "", *(one for one in parameter.opts if "--" in one)]
            if default is True and parameter.default not in {None, False}:
                texts.append(str(parameter.default))
    texts += getattr(command, "commands", {})
    return [" ".join(text.split()) for text in texts]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_loses_a_word_and_none_is_wider_than_its_terminal(
    pages: dict[tuple[str, int], Ended], width: int
) -> None:
    lost, wide = [], []
    for path, command in commands().items():
        shown = plain(pages[path, width].out)
        page = " ".join(shown.split())
        lost += [(path, text) for text in words_of(command) if text not in page]
        wide += [line for line in shown.splitlines() if len(line) > width]

    assert (lost, wide) == ([], [])


@pytest.mark.parametrize("width", WIDTHS)
def test_defaults_and_ranges_stand_behind_the_texts(
    pages: dict[tuple[str, int], Ended], width: int
) -> None:
    for path, notes in NOTED.items():
        page = " ".join(plain(pages[path, width].out).split())
        inside = " ".join(re.findall(r"\[(.*?)\]", page.partition("Usage:")[2]))
        assert [note for note in notes if note not in inside] == []


def test_every_parameter_has_a_help_text() -> None:
    silent = [
        f"{path} {parameter.name}"
        for path, command in commands().items()
        for parameter in command.params
        if not parameter.hidden and not parameter.help
    ]

    assert silent == []


def test_a_usage_shows_arguments_as_they_are_typed(call: Call) -> None:
    usages = {
        words: call(*words.split(), "--help").out.splitlines()[0]
        for words in ("runs list", "runs show", "help", "dev", "runs")
    }

    assert usages == {
        "runs list": "Usage: baton runs list [OPTIONS] [DEFINITION]",
        "runs show": "Usage: baton runs show [OPTIONS] RUN",
        "help": "Usage: baton help [OPTIONS] [COMMAND...]",
        "dev": "Usage: baton dev [OPTIONS]",
        "runs": "Usage: baton runs [OPTIONS] COMMAND",
    }


def test_only_a_terminal_without_no_color_gets_colors(tmp_path: Path) -> None:
    lines = [(80, ["--help"])]

    (colored,) = screens(lines, folder=tmp_path, env={})
    (without,) = screens(lines, folder=tmp_path, env={"NO_COLOR": "1"})

    assert "\x1b[1m" in colored.out
    assert "\x1b" not in without.out
    assert plain(colored.out) == without.out


def test_logs_have_colors_in_a_terminal_that_wants_them(tmp_path: Path) -> None:
    program = "import logging; from baton.cli.services.logs import show_logs; show_logs()"
    line = ("-c", f"{program}; logging.getLogger('baton').warning('late')")

    colored = shown_in_terminal(*line, folder=tmp_path, env={})
    without = shown_in_terminal(*line, folder=tmp_path, env={"NO_COLOR": "1"})

    assert "late" in plain(colored)
    assert ("\x1b" in colored, "\x1b" in without) == (True, False)


def test_a_group_alone_prints_its_help(call: Call) -> None:
    groups = [path.split()[1:] for path, one in commands().items() if hasattr(one, "commands")]

    for words in groups:
        alone = call(*words)
        assert (alone.code, alone.err) == (0, "")
        assert alone == call(*words, "--help")
    assert len(groups) > 5


@pytest.mark.parametrize("verb", ["", "runs", "runs list", "import"])
def test_help_shows_the_page_of_a_command(call: Call, verb: str) -> None:
    assert call("help", *verb.split()) == call(*verb.split(), "--help")


@pytest.mark.parametrize("words", ["version", "--version", "-V"])
def test_the_version_is_printed(call: Call, words: str) -> None:
    ended = call(words)

    assert (ended.code, ended.err) == (0, "")
    assert re.fullmatch(r"baton \d+\.\d+\.\d+\S*\n", ended.out)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("rnus", "baton: No such command 'rnus'. Did you mean 'runs'? (see baton --help)"),
        ("runs lst", "baton runs: No such command 'lst'. Did you mean 'list'?"),
        ("start", "baton: No such command 'start'. Did you mean 'runs start'?"),
        ("runs list --stauts x", "No such option '--stauts'. Did you mean '--status'"),
        ("help runs lst", "baton runs: No such command 'lst'. Did you mean 'list'?"),
        ("help runs list all", "'baton runs list' has no subcommand 'all'"),
        ("nonsense", "baton: No such command 'nonsense'. (see baton --help)"),
    ],
)
def test_a_mistyped_verb_is_refused_with_the_nearest(call: Call, words: str, message: str) -> None:
    ended = call(*words.split())

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert message in ended.err


@pytest.mark.parametrize(("shell", "line"), [("zsh", "compdef"), ("fish", "complete --command")])
def test_the_completion_script_is_that_of_the_shell(call: Call, shell: str, line: str) -> None:
    ended = call("completion", shell)

    assert (ended.code, ended.err) == (0, "")
    assert line in ended.out
    assert "baton" in ended.out


def test_bash_completes_verbs_and_options(tmp_path: Path) -> None:
    program = tmp_path / "baton"
    program.write_text(f'#!/bin/sh\nexec {" ".join(BATON)} "$@"\n')
    program.chmod(0o755)
    script = 'eval "$(baton completion bash)"; COMP_WORDS=({0}); COMP_CWORD={1}; '
    asked = "".join(
        f"{script.format(words, count)}_baton_completion baton; echo ${{COMPREPLY[*]}};"
        for words, count in (
            ("baton ru", 1),
            ("baton runs list --st", 3),
            ("baton help ru", 2),
            ("baton help runs ca", 3),
        )
    )
    path = f"{tmp_path}:{environment()['PATH']}"

    shown = bash(asked, tmp_path, path)

    assert shown.splitlines() == ["runs", "--status", "runs", "cancel"]


def test_fish_gets_a_line_for_each_word(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_BATON_COMPLETE", "complete_fish")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "baton runs list --")

    lines = call().out.splitlines()

    assert all(line.startswith("--") for line in lines)
    assert any(line.startswith("--status\tOnly runs with this status: ") for line in lines)


def bash(script: str, folder: Path, path: str) -> str:
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment({"PATH": path}),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_completion_can_be_installed(tmp_path: Path) -> None:
    ended = baton("completion", "bash", "--install", folder=tmp_path, env={"HOME": str(tmp_path)})

    assert (ended.code, ended.err) == (0, "")
    file = tmp_path / ".bash_completions" / "baton.sh"
    assert ended.out == f"{file} completes in every new bash.\n"
    assert "complete -o default -F" in file.read_text()
    assert str(file) in (tmp_path / ".bashrc").read_text()


def test_a_shell_that_is_unknown_is_refused(call: Call) -> None:
    ended = call("completion", "csh")

    assert ended.code == 2
    assert "choose one of bash, fish, zsh" in ended.err
