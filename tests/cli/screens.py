"""Runs verbs in a terminal of a given width, many in one process."""

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.cli.processes import BATON, Ended, environment, killed_at_end

WIDTHS = (50, 80, 120)
PROGRAM = """
import json, sys, termios, typer
from baton.cli import main
from baton.cli.app import app
commands = typer.main.get_command(app)  # which takes longer than most verbs
typer.main.get_command = lambda _: commands
for width, words in json.loads(sys.argv[1]):
    termios.tcsetwinsize(1, (40, width))
    sys.argv = ["baton", *words]
    try:
        main()
    except SystemExit as left:
        print(f"\\x1e{left.code or 0}\\x1e", end="", flush=True)
"""
_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def screens(
    lines: Sequence[tuple[int, Sequence[str]]], *, folder: Path, env: Mapping[str, str]
) -> list[Ended]:
    """Run each line, a width in columns and the words behind `baton`; return what it shows."""
    parts = shown_in_terminal("-c", PROGRAM, json.dumps(lines), folder=folder, env=env).split(
        "\x1e"
    )
    codes = map(int, parts[1::2])
    return [Ended(code, out, "") for code, out in zip(codes, parts[::2], strict=False)]


def shown_in_terminal(*arguments: str, folder: Path, env: Mapping[str, str]) -> str:
    """Run Python in a terminal to its end, without a setting for colors of its own."""
    size = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"}
    clean = {name: value for name, value in environment().items() if name not in size}
    ours, theirs = os.openpty()
    with (
        subprocess.Popen(
            [BATON[0], *arguments],
            cwd=folder,
            env={**clean, "TERM": "xterm-256color", **env},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        ) as process,
        killed_at_end(process),
    ):
        os.close(theirs)
        return _read_all(ours).replace("\r\n", "\n")


def plain(text: str) -> str:
    """Return a text without its colors."""
    return _STYLE.sub("", text)


def _read_all(terminal: int) -> str:
    shown = b""
    with os.fdopen(terminal, "rb", buffering=0) as file:
        try:
            while chunk := file.read(65_536):
                shown += chunk
        except OSError:  # EIO: the last process with the terminal has ended
            pass
    return shown.decode()
