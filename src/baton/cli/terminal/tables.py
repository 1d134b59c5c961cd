"""Tables that fit the width of the terminal; in a pipe, a line per row with tabs and no heading.

Ids stay whole, so that they can be copied into the next command. Other columns are shortened, and
then left out, in the order that the table declares. A pipe gets every column and every value in
full.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from baton.cli.terminal.output import console, in_terminal
from baton.cli.terminal.statuses import COLORS
from baton.cli.terminal.visible import visible

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

GAP: Final = 2
"""Spaces between two columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    Args:
        name: The heading.
        kind: "whole" is never shortened, "short" ends in … where it is, "wrapped" takes more lines.
        least: Characters that a column keeps when it is shortened or wrapped.
        leaves: The place in the order in which columns are left out, 1 first; 0 always stays. A
            column that still fits in the place of a wider one is shown.
        right: Whether the cells are aligned to the right, as numbers are.
    """

    name: str
    kind: Literal["whole", "short", "wrapped"] = "whole"
    least: int = 10
    leaves: int = 0
    right: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A value with a text for readers; a pipe gets the value."""

    value: object
    text: str


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> None:
    """Print the rows; a terminal gets headings and colors."""
    if in_terminal():
        out = console()
        out.print(make_table(columns, list(rows), out.width), crop=False)
        return
    for row in rows:
        values = (cell.value if isinstance(cell, Shown) else cell for cell in row)
        sys.stdout.write("\t".join(map(_text, values)) + "\n")


def make_table(columns: Sequence[Column], rows: Sequence[Sequence[object]], room: int) -> "Table":
    """Return a table that fits a terminal of `room` characters, with colors for statuses."""
    from rich.table import Table

    texts = [[_reader_text(cell) for cell in row] for row in rows]
    shown = fit(columns, [_natural(column, i, texts) for i, column in enumerate(columns)], room)
    table = Table(box=None, pad_edge=False, header_style="bold", width=_total([*shown.values()]))
    for index, width in shown.items():
        column = columns[index]
        table.add_column(
            column.name,
            width=width,
            justify="right" if column.right else "left",
            no_wrap=column.kind != "wrapped",
            overflow="fold" if column.kind == "wrapped" else "ellipsis",
        )
    for row in texts:
        table.add_row(*(_styled(row[index]) for index in shown))
    return table


def fit(columns: Sequence[Column], natural: Sequence[int], room: int) -> dict[int, int]:
    """Return the widths of the columns that are shown, by their index.

    Args:
        columns: The columns, from left to right.
        natural: The width that shows each column in full, 0 for one that has no text and may leave.
        room: The width of the terminal. The columns that always stay may need more.
    """
    least = dict[int, int]()
    for index in sorted(
        range(len(columns)), key=lambda i: (columns[i].leaves > 0, -columns[i].leaves)
    ):
        width = _least(columns[index], natural[index])
        fits = natural[index] and _total([*least.values(), width]) <= room
        if fits or not columns[index].leaves:
            least[index] = width
    shown = {index: natural[index] for index in sorted(least)}
    while _total([*shown.values()]) > room:
        widest = max(shown, key=lambda i: (shown[i] > least[i], shown[i]))
        if shown[widest] == least[widest]:
            break
        shown[widest] -= 1
    return shown


def _least(column: Column, width: int) -> int:
    return width if column.kind == "whole" else min(width, max(column.least, len(column.name)))


def _natural(column: Column, index: int, rows: Sequence[Sequence[str]]) -> int:
    from rich.cells import cell_len

    longest = max((cell_len(row[index]) for row in rows), default=0)
    return max(longest, len(column.name)) if longest or not column.leaves else 0


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * max(0, len(widths) - 1)


def _reader_text(cell: object) -> str:
    return _text(cell.text if isinstance(cell, Shown) else cell)


def _text(value: object) -> str:
    return "" if value is None else visible(str(value))


def _styled(text: str) -> "Text":
    from rich.text import Text

    return Text(text, style=COLORS.get(text, ""))
