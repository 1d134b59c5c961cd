"""The tables of `baton bulk list` and `baton bulk show`."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from baton.cli.terminal.output import in_terminal, print_note
from baton.cli.terminal.tables import Column, Shown, print_table
from baton.cli.terminal.times import relative
from baton.protocols.iso_time import parse_time

OUTCOMES: Final = ("done", "unchanged", "refused", "failed")
"""The outcomes of a run, in the order in which they are shown."""
BULKS: Final = (
    Column(name="BULK"),
    Column(name="ACTION"),
    Column(name="STATUS"),
    Column(name="RUNS", align_right=True),
    *(
        Column(name=outcome.upper(), drop_order=place, align_right=True)
        for outcome, place in zip(OUTCOMES, (4, 5, 3, 2), strict=True)
    ),
    Column(name="REQUESTED", drop_order=1),
)
ITEMS: Final = (
    Column(name="RUN"),
    Column(name="OUTCOME"),
    Column(name="REASON", kind="short", min_width=16),
    Column(name="NEW RUN", drop_order=1),
)


def print_bulks(bulks: Sequence[Mapping[str, Any]]) -> None:
    """Print a line for each bulk."""
    if not bulks and in_terminal():
        print_note("No bulks: `baton bulk retry --status failed` would request one.")
        return
    now = int(time.time() * 1_000)
    rows = [
        (
            bulk["id"],
            bulk["action"],
            bulk["status"],
            bulk["total"],
            *(bulk[outcome] for outcome in OUTCOMES),
            Shown(bulk["requestedAt"], relative(parse_time(bulk["requestedAt"]), now)),
        )
        for bulk in bulks
    ]
    print_table(BULKS, rows)


def print_items(items: Sequence[Mapping[str, Any]]) -> None:
    """Print a line for the outcome of each run."""
    rows = [
        (item["runId"], item["outcome"], item.get("message"), item.get("newRunId"))
        for item in items
    ]
    print_table(ITEMS, rows)


def summary(bulk: Mapping[str, Any]) -> str:
    """Return a line with the number of runs by outcome."""
    counts = ", ".join(f"{bulk[outcome]} {outcome}" for outcome in OUTCOMES)
    pending = f", {bulk['pending']} pending" if bulk["pending"] else ""
    return f"{bulk['id']} {bulk['action']} {bulk['status']}: {counts}{pending}"
