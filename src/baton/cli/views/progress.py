"""The progress of a rebuild on stderr: a bar in a terminal, a line every few seconds elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from baton.cli.terminal.times import SECOND, duration

EVERY_S: Final = 5.0
"""The interval of lines if stderr isn't a terminal, in seconds."""

OnProgress = Callable[[int, int, float], None]
"""Callback(position, head, seconds since the beginning)."""


@contextmanager
def showing_progress(doing: str) -> Iterator[OnProgress]:
    """Yield the callback that shows the position, the events per second and the time left."""
    from rich.progress import BarColumn, Progress, TextColumn

    from baton.cli.terminal.output import console, print_note

    out = console(stderr=True)
    shown_at = time.monotonic()
    with Progress(
        TextColumn("{task.description}"), BarColumn(), console=out, disable=not out.is_terminal
    ) as bar:
        task = bar.add_task(doing, total=None)

        def show(position: int, head: int, elapsed_s: float) -> None:
            nonlocal shown_at
            text = f"{doing}: {describe(position, head, elapsed_s)}"
            if out.is_terminal:
                bar.update(task, completed=position, total=max(head, 1), description=text)
            elif time.monotonic() - shown_at >= EVERY_S:
                shown_at = time.monotonic()
                print_note(text)

        yield show


def describe(position: int, head: int, elapsed_s: float) -> str:
    """Describe the progress: 120,000 of 800,000 events, 9,800/s, 1 min 9 s left."""
    rate = position / elapsed_s if elapsed_s > 0 else 0.0
    text = f"{position:,} of {head:,} events, {rate:,.0f}/s"
    if position >= head or rate <= 0:
        return text
    return f"{text}, {duration(int((head - position) / rate) * SECOND)} left"
