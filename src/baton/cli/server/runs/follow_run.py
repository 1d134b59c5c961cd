"""Follows a run: redraws its timeline in a terminal, prints line by line elsewhere."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Group
from rich.live import Live

from baton.cli.server.runs.timeline import heading, timeline
from baton.cli.terminal.output import console, in_terminal, print_lines
from baton.cli.terminal.statuses import FINAL
from baton.cli.terminal.visible import visible_text

SHORTEST_S, LONGEST_S = 0.05, 1.0

Run = Mapping[str, Any]


def follow_run(fetch: Callable[[], Run], *, quiet: bool) -> Run:
    """Show a run until it has ended, and return it.

    Args:
        fetch: Called for the current state of the run, repeatedly.
        quiet: Wait without printing anything.
    """
    if quiet:
        return _poll(fetch, lambda _: None)
    return _redraw(fetch) if in_terminal() else _print(fetch)


def _redraw(fetch: Callable[[], Run]) -> Run:
    with Live(console=console(), auto_refresh=False) as live:

        def show(run: Run) -> None:
            lines = (visible_text(line) for line in (heading(run), *timeline(run)))
            live.update(Group(*lines), refresh=True)

        return _poll(fetch, show)


def _print(fetch: Callable[[], Run]) -> Run:
    """Print each line once, as soon as it can no longer change."""
    printed = 0

    def show(run: Run) -> None:
        nonlocal printed
        lines = [*timeline({**run, "steps": _settled(run)})]
        print_lines(lines[printed:])
        printed = max(printed, len(lines))  # after a crash the views may be behind for a moment

    run = _poll(fetch, show)
    print_lines([heading(run)])
    return run


def _settled(run: Run) -> list[Mapping[str, Any]]:
    """Return the steps before the first one that is running or waiting."""
    settled = []
    for step in run["steps"]:
        if step["status"] in {"running", "waiting"}:
            break
        settled.append(step)
    return settled


def _poll(fetch: Callable[[], Run], show: Callable[[Run], None]) -> Run:
    """Fetch and show the run until it has ended; the pause grows while no step changes."""
    pause, seen = SHORTEST_S, ""
    while True:
        run = fetch()
        show(run)
        if run["status"] in FINAL:
            return run
        now = repr(run["steps"])
        pause = SHORTEST_S if now != seen else min(pause * 1.5, LONGEST_S)
        seen = now
        time.sleep(pause)
