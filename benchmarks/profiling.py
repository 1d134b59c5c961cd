"""Profiles Baton's engine alone, and with every run started through HTTP."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.load import Measured
from benchmarks.processes import run_module
from benchmarks.tables import console, table_of

_SECONDS = 3.0
_TITLES = {"engine": "Baton engine", "http": "Baton through HTTP"}


def show(base: Path | None) -> None:
    """Profile both; print the time per package and of the slowest functions."""
    out = console()
    for name, title in _TITLES.items():
        with tempfile.TemporaryDirectory(prefix="baton-bench-", dir=base) as folder:
            results = run_module("profile_process", Path(folder), name, _SECONDS)
        out.print(f"[bold]{title}[/]: 3 steps, 50 in flight")
        out.print(_speed(results))
        out.print(_table("package", results, "packages"))
        out.print(_table("function, without what it calls", results, "functions"))
        out.print()


def _speed(results: Mapping[str, Any]) -> str:
    plain, profiled = Measured(**results["plain"]), Measured(**results["profiled"])
    return (
        f"{plain.runs_per_s:,.0f} runs/s, {plain.steps_per_s:,.0f} steps/s; "
        f"with the profiler on {profiled.runs_per_s:,.0f} runs/s: {profiled.seconds:.1f} s, "
        f"of which processor {results['loop_cpu_s']:.1f} s in the event loop's thread and "
        f"{results['other_cpu_s']:.1f} s in all others (SQLite)"
    )


def _table(head: str, results: Mapping[str, Any], key: str) -> Table:
    measured = Measured(**results["profiled"])
    table = table_of(head, "share", "µs a run", right=(1, 2))
    for spent in results[key]:
        seconds: float = spent["seconds"]
        share = f"{100 * seconds / measured.seconds:.1f} %"
        table.add_row(spent["where"], share, f"{seconds / measured.runs * 1e6:,.0f}")
    return table
