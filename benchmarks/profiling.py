"""Tells where the time goes: Baton's engine alone, and with every run started through HTTP."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.load import Measured
from benchmarks.processes import called
from benchmarks.tables import console, table_of

_SECONDS = 3.0
_TITLES = {"engine": "Baton engine", "http": "Baton through HTTP"}


def show(base: Path | None) -> None:
    """Profile both, and print what each package and the dearest functions take."""
    out = console()
    for name, title in _TITLES.items():
        with tempfile.TemporaryDirectory(prefix="baton-bench-", dir=base) as folder:
            told = called("profile_process", Path(folder), name, _SECONDS)
        out.print(f"[bold]{title}[/]: 3 steps, 50 in flight")
        out.print(_speed(told))
        out.print(_table("package", told, "packages"))
        out.print(_table("function, without what it calls", told, "functions"))
        out.print()


def _speed(told: Mapping[str, Any]) -> str:
    plain, profiled = Measured(**told["plain"]), Measured(**told["profiled"])
    return (
        f"{plain.runs_per_s:,.0f} runs/s, {plain.steps_per_s:,.0f} steps/s; "
        f"with the profiler on {profiled.runs_per_s:,.0f} runs/s: {profiled.seconds:.1f} s, "
        f"of which processor {told['loop_cpu_s']:.1f} s in the event loop's thread and "
        f"{told['other_cpu_s']:.1f} s in all others (SQLite)"
    )


def _table(head: str, told: Mapping[str, Any], key: str) -> Table:
    measured = Measured(**told["profiled"])
    table = table_of(head, "share", "µs a run", right=(1, 2))
    for spent in told[key]:
        seconds: float = spent["seconds"]
        share = f"{100 * seconds / measured.seconds:.1f} %"
        table.add_row(spent["where"], share, f"{seconds / measured.runs * 1e6:,.0f}")
    return table
