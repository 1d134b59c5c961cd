"""The tables of `baton definitions list` and `baton runs list`."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from baton.cli.server.lookup import triggers_of
from baton.cli.terminal.output import in_terminal, print_note
from baton.cli.terminal.tables import Column, Shown, print_table
from baton.cli.terminal.times import duration, relative
from baton.protocols.iso_time import format_time, parse_time

DEFINITIONS: Final = (
    Column(name="SLUG"),
    Column(name="VERSION", drop_order=3),
    Column(name="STATUS", drop_order=5),
    Column(name="TRIGGER", drop_order=4),
    Column(name="NAME", kind="short", min_width=10, drop_order=1),
    Column(name="UPDATED", drop_order=2),
    Column(name="ID", drop_order=6),
)
RUNS: Final = (
    Column(name="RUN"),
    Column(name="DEFINITION", kind="short", min_width=10, drop_order=3),
    Column(name="STATUS"),
    Column(name="STEP", kind="short", min_width=8, drop_order=1),
    Column(name="REQUESTED", drop_order=4),
    Column(name="DURATION", drop_order=2),
)

Definition = Mapping[str, Any]
Run = Mapping[str, Any]


def print_definitions(definitions: Sequence[Definition]) -> None:
    """Print a line for each definition."""
    if not definitions and in_terminal():
        print_note("No definitions: `baton definitions apply FILE` creates one.")
        return
    now = _now()
    rows = [
        (
            definition["slug"],
            definition["version"],
            definition["status"],
            ", ".join(dict.fromkeys(next(iter(trigger)) for trigger in triggers_of(definition))),
            definition["name"],
            Shown(definition["updatedAt"], relative(parse_time(definition["updatedAt"]), now)),
            definition["id"],
        )
        for definition in definitions
    ]
    print_table(DEFINITIONS, rows)


def print_runs(runs: Sequence[Run], *, lasting: bool = True) -> None:
    """Print a line for each run.

    Args:
        runs: The runs, as the server shows them.
        lasting: Whether a run that has not ended shows its duration so far.
    """
    if not runs and in_terminal():
        print_note("No runs.")
        return
    now = _now()
    print_table(RUNS, [_cells(run, now, lasting=lasting) for run in runs])


def time_text(at: int | None) -> str | None:
    """Return a time (ms, UTC) as the server takes it."""
    return None if at is None else format_time(at)


def _cells(run: Run, now: int, *, lasting: bool) -> tuple[object, ...]:
    requested, completed = str(run["requestedAt"]), run.get("completedAt")
    began = parse_time(requested)
    ended = now if completed is None else parse_time(completed)
    took = duration(max(0, ended - began)) if lasting or completed is not None else ""
    return (
        run["id"],
        run.get("slug"),
        run["status"],
        run.get("currentStepId"),
        Shown(requested, relative(began, now)),
        Shown(completed, took),
    )


def _now() -> int:
    return int(time.time() * 1_000)
