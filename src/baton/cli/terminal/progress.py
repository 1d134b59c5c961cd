"""A progress bar on stderr for long jobs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int | None], None]
"""Callback(done, total), both in the unit of the bar; `total` is None if unknown."""


@contextmanager
def progress_bar(doing: str, unit: str) -> Iterator[Progress]:
    """Yield the callback of a progress bar; it shows nothing unless stderr is a terminal."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TimeElapsedColumn,
    )
    from rich.text import Text

    from baton.cli.terminal.output import console

    class Rate(ProgressColumn):
        """The units done in a second."""

        def render(self, task: Task) -> Text:
            """Return the rate, nothing before there is one."""
            return Text(f"{task.speed:,.0f}/s" if task.speed else "")

    out = console(stderr=True)
    columns = (doing, BarColumn(), MofNCompleteColumn(), unit, Rate(), TimeElapsedColumn())
    with Progress(*columns, console=out, disable=not out.is_terminal, transient=True) as bar:
        task = bar.add_task(doing, total=None)

        def show(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield show
