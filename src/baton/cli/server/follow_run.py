"""Follows one run: its timeline redrawn in a terminal, elsewhere a line as each thing happens."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Group
from rich.live import Live

from baton.cli.server.timeline import heading, timeline
from baton.cli.terminal.output import console, in_terminal, print_lines
from baton.cli.terminal.statuses import FINAL

SHORTEST_S, LONGEST_S = 0.05, 1.0

Run = Mapping[str, Any]


def follow_run(look: Callable[[], Run], *, quiet: bool) -> Run:
    """Show the run until it is over, and return it."""
    if quiet:
        return _poll(look, lambda _: None)
    return _redraw(look) if in_terminal() else _print(look)


def _redraw(look: Callable[[], Run]) -> Run:
    with Live(console=console(), auto_refresh=False) as live:
        return _poll(
            look, lambda run: live.update(Group(heading(run), *timeline(run)), refresh=True)
        )


def _print(look: Callable[[], Run]) -> Run:
    """Print what is new: a line that will still change waits until it no longer does."""
    told = 0

    def tell(run: Run) -> None:
        nonlocal told
        lines = [*timeline({**run, "steps": _settled(run)})]
        print_lines(lines[told:])
        told = len(lines)

    run = _poll(look, tell)
    print_lines([heading(run)])
    return run


def _settled(run: Run) -> list[Mapping[str, Any]]:
    """Return the steps up to the first one that still works or waits."""
    found = []
    for step in run["steps"]:
        if step["status"] in {"running", "waiting"}:
            break
        found.append(step)
    return found


def _poll(look: Callable[[], Run], tell: Callable[[Run], None]) -> Run:
    """Look often while something happens, seldom while nothing does."""
    pause, seen = SHORTEST_S, ""
    while True:
        run = look()
        tell(run)
        if run["status"] in FINAL:
            return run
        now = repr(run["steps"])
        pause = SHORTEST_S if now != seen else min(pause * 1.5, LONGEST_S)
        seen = now
        time.sleep(pause)
