"""What shows on stderr how far a long job is, where somebody looks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int | None], None]
"""Is told (done, total); None where nobody knows how much there is."""


@contextmanager
def progress_bar(doing: str, unit: str) -> Iterator[Progress]:
    """Yield what shows the progress, in a terminal; elsewhere it shows nothing."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

    from baton.cli.terminal.output import console

    out = console(stderr=True)
    columns = (doing, BarColumn(), MofNCompleteColumn(), unit, TimeElapsedColumn())
    with Progress(*columns, console=out, disable=not out.is_terminal, transient=True) as bar:
        task = bar.add_task(doing, total=None)

        def show(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield show
