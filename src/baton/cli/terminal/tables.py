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
        kind: "whole" is never shortened, "short" is cut off with …, "wrapped" takes more lines.
        min_width: Characters that a column keeps when it is shortened or wrapped.
        drop_order: Columns are left out in this order, 1 first; 0 is never left out. A column that
            still fits in the place of a wider one is shown.
        align_right: Whether the cells are aligned to the right, as numbers are.
    """

    name: str
    kind: Literal["whole", "short", "wrapped"] = "whole"
    min_width: int = 10
    drop_order: int = 0
    align_right: bool = False


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


def make_table(columns: Sequence[Column], rows: Sequence[Sequence[object]], width: int) -> "Table":
    """Return a table that fits a terminal of `width` characters, with colors for statuses."""
    from rich.table import Table

    texts = [[_reader_text(cell) for cell in row] for row in rows]
    full = [_full_width(column, i, texts) for i, column in enumerate(columns)]
    widths = fit(columns, full, width)
    table = Table(box=None, pad_edge=False, header_style="bold", width=_total([*widths.values()]))
    for index, column_width in widths.items():
        column = columns[index]
        table.add_column(
            column.name,
            width=column_width,
            justify="right" if column.align_right else "left",
            no_wrap=column.kind != "wrapped",
            overflow="fold" if column.kind == "wrapped" else "ellipsis",
        )
    for row in texts:
        table.add_row(*(_styled(row[index]) for index in widths))
    return table


def fit(columns: Sequence[Column], full: Sequence[int], available: int) -> dict[int, int]:
    """Return the widths of the columns that are shown, by their index.

    Args:
        columns: The columns, from left to right.
        full: The full width of each column, 0 for an empty column that may be left out.
        available: The width of the terminal; columns that are never left out may exceed it.
    """
    least = _least_widths(columns, full, available)
    widths = {index: full[index] for index in sorted(least)}
    while _total([*widths.values()]) > available:
        widest = max(widths, key=lambda i: (widths[i] > least[i], widths[i]))
        if widths[widest] == least[widest]:
            break
        widths[widest] -= 1
    return widths


def _least_widths(columns: Sequence[Column], full: Sequence[int], available: int) -> dict[int, int]:
    """Return the smallest widths of the columns that fit, by their index."""
    least = dict[int, int]()
    for index in sorted(
        range(len(columns)), key=lambda i: (columns[i].drop_order > 0, -columns[i].drop_order)
    ):
        width = _least(columns[index], full[index])
        fits = full[index] and _total([*least.values(), width]) <= available
        if fits or not columns[index].drop_order:
            least[index] = width
    return least


def _least(column: Column, width: int) -> int:
    return width if column.kind == "whole" else min(width, max(column.min_width, len(column.name)))


def _full_width(column: Column, index: int, rows: Sequence[Sequence[str]]) -> int:
    from rich.cells import cell_len

    longest = max((cell_len(row[index]) for row in rows), default=0)
    return max(longest, len(column.name)) if longest or not column.drop_order else 0


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * max(0, len(widths) - 1)


def _reader_text(cell: object) -> str:
    return _text(cell.text if isinstance(cell, Shown) else cell)


def _text(value: object) -> str:
    return "" if value is None else visible(str(value))


def _styled(text: str) -> "Text":
    from rich.text import Text

    return Text(text, style=COLORS.get(text, ""))
