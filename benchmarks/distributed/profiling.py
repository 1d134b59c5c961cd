"""Profiles each service by package and function, with 500 runs of 3 steps in flight."""

import os
import signal
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from rich.table import Table

from benchmarks.distributed.driving import driven
from benchmarks.distributed.installation import Installation, Layout, installation
from benchmarks.distributed.load import LoadResult
from benchmarks.distributed.profiled_service import file_of
from benchmarks.distributed.servers import Servers
from benchmarks.load import Load
from benchmarks.processes import MeasurementFailed
from benchmarks.tables import console, table_of

_COMMAND = ("benchmarks.distributed.profiled_service",)
_WARM = Load(shape="3-step", in_flight=50, seconds=1.0)
_LOAD = Load(shape="3-step", in_flight=500, seconds=4.0)
_WRITTEN_WITHIN_S = 30.0


def show(servers: Servers, base: Path | None) -> None:
    """Profile every service in turn; print the time per package and of the slowest functions."""
    out = console()
    for service in Layout().services:
        with (
            tempfile.TemporaryDirectory(prefix="baton-bench-", dir=base) as name,
            installation(servers, Path(name), Layout(), command=_COMMAND) as it,
        ):
            (plain,) = driven(it, [_WARM, _LOAD])[1:]
            profiled, results = _profiled(it, service)
        out.print(f"[bold]{service}[/]: 3 steps, {_LOAD.in_flight} in flight")
        out.print(_speed(service, plain, profiled, results))
        out.print(_table("package", profiled, results, "packages"))
        out.print(_table("function, without what it calls", profiled, results, "functions"))
        out.print()


def _profiled(it: Installation, service: str) -> tuple[LoadResult, Mapping[str, Any]]:
    (pid,) = it.pids[service]
    os.kill(pid, signal.SIGUSR1)
    (profiled,) = driven(it, [_LOAD])
    os.kill(pid, signal.SIGUSR1)
    path, deadline = file_of(it.folder, pid), time.monotonic() + _WRITTEN_WITHIN_S
    while not path.exists():
        if time.monotonic() > deadline:
            raise MeasurementFailed(f"{service} writes no profile")
        time.sleep(0.05)
    results: Mapping[str, Any] = orjson.loads(path.read_bytes())
    return profiled, results


def _speed(
    service: str, plain: LoadResult, profiled: LoadResult, results: Mapping[str, Any]
) -> str:
    us_a_run = plain.cpu[service] / plain.measured.runs * 1e6
    return (
        f"{plain.measured.steps_per_s:,.0f} steps/s, {us_a_run:,.0f} µs of processor a run; with "
        f"the profiler on {profiled.measured.steps_per_s:,.0f} steps/s: {results['wall_s']:.1f} s, "
        f"of which processor {results['cpu_s']:.1f} s"
    )


def _table(head: str, profiled: LoadResult, results: Mapping[str, Any], key: str) -> Table:
    table = table_of(head, "share", "µs a run", right=(1, 2))
    for spent in results[key]:
        seconds: float = spent["seconds"]
        share = f"{100 * seconds / results['wall_s']:.1f} %"
        table.add_row(spent["where"], share, f"{seconds / profiled.measured.runs * 1e6:,.0f}")
    return table
