"""The progress of long jobs on stderr: a bar in a terminal, a line every few seconds elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from baton.cli.terminal.times import SECOND, duration

EVERY_S: Final = 5.0
"""The interval of lines if stderr isn't a terminal, in seconds."""

Progress = Callable[[int, int | None], None]
"""Callback(done, total), both in the unit of the bar; `total` is None if unknown."""


@contextmanager
def progress_bar(doing: str, unit: str) -> Iterator[Progress]:
    """Yield the callback that shows the progress, its rate and the time left."""
    from rich.progress import BarColumn, Progress, TextColumn

    from baton.cli.terminal.output import console, print_note

    out = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn())
    with Progress(*columns, console=out, disable=not out.is_terminal, transient=True) as bar:
        task, begun = bar.add_task(doing, total=None), time.monotonic()
        shown_at = begun

        def show(done: int, total: int | None) -> None:
            nonlocal shown_at
            now = time.monotonic()
            text = f"{doing}: {describe(done, total, unit, now - begun)}"
            if out.is_terminal:
                bar.update(task, completed=done, total=total, description=text)
            elif now - shown_at >= EVERY_S:
                shown_at = now
                print_note(text)

        yield show


def describe(done: int, total: int | None, unit: str, elapsed_s: float) -> str:
    """Describe the progress: 120,000 of 800,000 events, 9,800/s, 1 min 9 s left."""
    rate = done / elapsed_s if elapsed_s > 0 else 0.0
    of_total = "" if total is None else f" of {total:,}"
    text = f"{done:,}{of_total} {unit}, {rate:,.0f}/s"
    if total is None or done >= total or rate <= 0:
        return text
    return f"{text}, {duration(int((total - done) / rate) * SECOND)} left"
