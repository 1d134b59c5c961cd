"""A progress bar on stderr for long jobs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int | None], None]
"""Callback(done, total), both in the unit of the bar; `total` is None if unknown."""


@contextmanager
def progress_bar(doing: str, unit: str) -> Iterator[Progress]:
    """Yield the callback of a progress bar; it shows nothing unless stderr is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

    from baton.cli.terminal.output import console

    out = console(stderr=True)
    columns = (doing, BarColumn(), MofNCompleteColumn(), unit, TimeElapsedColumn())
    with Progress(*columns, console=out, disable=not out.is_terminal, transient=True) as bar:
        task = bar.add_task(doing, total=None)

        def show(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield show
