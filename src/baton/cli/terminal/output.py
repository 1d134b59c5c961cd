"""Prints tables and colors in a terminal, tab-separated lines elsewhere, and JSON."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from baton.cli.terminal.statuses import COLORS
from baton.cli.terminal.visible import visible, visible_json, visible_text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text


def in_terminal() -> bool:
    """Return whether stdout is a terminal."""
    return sys.stdout.isatty()


def colored() -> bool:
    """Return whether stdout takes colors: a terminal, and NO_COLOR is not set (no-color.org)."""
    return in_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def console(*, stderr: bool = False) -> "Console":
    """Return a console for stdout or stderr; it writes plain text if that is no terminal."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=not in_terminal())


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


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table in a terminal; elsewhere a line per row, with tabs and no heading."""
    if not in_terminal():
        for row in rows:
            sys.stdout.write(
                "\t".join("" if cell is None else visible(str(cell)) for cell in row) + "\n"
            )
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(cell) for cell in row))
    console().print(table)


def _cell(cell: object) -> "Text":
    from rich.text import Text

    text = "" if cell is None else visible(str(cell))
    return Text(text, style=COLORS.get(text, ""))
