"""Tells where the time goes: Baton's engine alone, and with every run started through HTTP."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.load import Measured
from benchmarks.processes import called

_SECONDS = 3.0
_TITLES = {"engine": "Baton engine", "http": "Baton through HTTP"}


def show(base: Path | None) -> None:
    """Profile both, and print what each package and the dearest functions take."""
    console = Console()
    if not console.is_terminal:
        console.width = 120
    for name, title in _TITLES.items():
        with tempfile.TemporaryDirectory(prefix="baton-bench-", dir=base) as folder:
            told = called("profile_process", Path(folder), name, _SECONDS)
        console.print(f"[bold]{title}[/]: 3 steps, 50 in flight")
        console.print(_speed(told))
        console.print(_table("package", told, "packages"))
        console.print(_table("function, without what it calls", told, "functions"))
        console.print()


def _speed(told: Mapping[str, Any]) -> str:
    plain, profiled = Measured(**told["plain"]), Measured(**told["profiled"])
    return (
        f"{plain.runs_per_s:,.0f} runs/s, {plain.steps_per_s:,.0f} steps/s; "
        f"with the profiler on {profiled.runs_per_s:,.0f} runs/s: {told['wall_s']:.1f} s, of which "
        f"processor {told['loop_cpu_s']:.1f} s in the event loop's thread and "
        f"{told['other_cpu_s']:.1f} s in all others (SQLite)"
    )


def _table(head: str, told: Mapping[str, Any], key: str) -> Table:
    runs: int = told["profiled"]["runs"]
    table = Table(box=None, pad_edge=False)
    table.add_column(head, overflow="fold")
    for title in ("share", "µs a run"):
        table.add_column(title, justify="right")
    for spent in told[key]:
        seconds: float = spent["seconds"]
        share = f"{100 * seconds / told['wall_s']:.1f} %"
        table.add_row(spent["where"], share, f"{seconds / runs * 1e6:,.0f}")
    return table
