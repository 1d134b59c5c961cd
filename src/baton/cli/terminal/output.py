"""Prints tables and colors in a terminal, tab-separated lines elsewhere, and JSON."""

import json
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from baton.cli.terminal.visible import visible, visible_json, visible_text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def in_terminal() -> bool:
    """Return whether stdout is a terminal."""
    return sys.stdout.isatty()


def colored() -> bool:
    """Return whether stdout takes colors: a terminal, and NO_COLOR is not set (no-color.org)."""
    return in_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def console(*, stderr: bool = False) -> "Console":
    """Return a console for stdout or stderr; it writes plain text if that isn't a terminal."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, soft_wrap=not stream.isatty())


def print_json(value: object) -> None:
    """Print a JSON document completely: a write to an unbuffered stdout may be partial."""
    text = visible_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"
    rest = memoryview(text.encode(sys.stdout.encoding, "replace"))
    sys.stdout.flush()
    while rest:
        rest = rest[sys.stdout.buffer.write(rest) :]
    sys.stdout.flush()


def print_lines(lines: "Iterable[RenderableType]") -> None:
    """Print texts without wrapping them, so that they can be copied."""
    from rich.text import Text

    out = console()
    for line in lines:
        shown = visible_text(line) if isinstance(line, Text) else line
        out.print(shown, soft_wrap=True, markup=False, emoji=False)


def print_line(text: str) -> None:
    """Print one line."""
    sys.stdout.write(f"{visible(text)}\n")


def print_result(document: object, sentence: str, *, as_json: bool) -> None:
    """Print the document that a server answered, or the sentence that says what was done."""
    if as_json:
        print_json(document)
    else:
        print_line(sentence)


def print_note(text: str) -> None:
    """Write a remark about the output, such as how to get the rest of a list, to stderr."""
    console(stderr=True).print(visible(text), style="dim", markup=False, emoji=False)
