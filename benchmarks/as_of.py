"""Lists as of random positions in a store of many runs, alone and beside load.

The runs are imported: each has one step, and of 100 runs one was reopened after it had failed, two
have failed, one was cancelled and one waits. Lists are read through the queries that every dialect
uses, without HTTP. The load starts runs of a step that does nothing, 20 at a time. Five pages are
five requests.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.processes import run_module

RUNS: Final = 20_000
"""Stored runs, unless `--runs` says otherwise."""
READS: Final = 200
"""Reads of each kind, at random positions."""


def show(base: Path | None, runs: int = RUNS) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(dir=base) as folder:
        found = run_module("as_of_process", Path(folder), runs, READS)
    sys.stdout.write(
        f"{found['runs']:,} runs, {found['spans']:,} spans,"
        f" {found['bytes_per_run']:,.0f} bytes of history a run;"
        f" all views were folded in {found['folded_s']:,.1f} s\n"
    )
    for title, kinds in (("alone", found["alone"]), ("beside load", found["beside"])):
        _print(title, kinds)
    sys.stdout.write(
        f"steps/s of the load: {found['steps_per_s_alone']:,.0f} without reads,"
        f" {found['steps_per_s']:,.0f} with them\n"
    )


def _print(title: str, kinds: Mapping[str, Mapping[str, Any]]) -> None:
    rows: Sequence[tuple[str, ...]] = (
        (title, "p50 ms", "p99 ms", "max ms"),
        *(
            (name, *(f"{one[part]:.1f}" for part in ("p50", "p99", "max")))
            for name, one in kinds.items()
        ),
    )
    for name, *figures in rows:
        sys.stdout.write(f"{name:<34}" + "".join(f"{one:>10}" for one in figures) + "\n")
