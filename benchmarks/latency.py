"""Latency of single runs on an idle system: p50 and p99, for Baton through HTTP.

A run has ended when a GET shows it as completed. DBOS has no server, so its runs are direct calls.
"""

from benchmarks.load import Load, Measured
from benchmarks.plan import Cell, Plan
from benchmarks.processes import run_module
from benchmarks.server import baton_dev
from benchmarks.session import Session
from benchmarks.subjects import HTTP, Dbos, job, records
from benchmarks.throughput import Figure

CELL = Cell("3-step", 1)
_WARM_RUNS = 30
_NO_LIMIT_S = 300.0


def turns(plan: Plan) -> int:
    """Return the number of measurements."""
    return 2 * plan.repeats


def measure(session: Session, dbos: Dbos) -> list[Figure]:
    """Measure both subjects alternately."""
    loads = [
        Load(shape=CELL.shape, in_flight=1, seconds=_NO_LIMIT_S, runs=runs)
        for runs in (_WARM_RUNS, session.plan.latency_runs)
    ]
    found: dict[str, list[Measured]] = {HTTP: [], dbos.name: []}
    for _ in range(session.plan.repeats):
        with session.folder(f"{HTTP}, single runs") as folder, baton_dev(folder) as server:
            results = run_module("http_process", folder, job("one-by-one", server, loads))
            found[HTTP].append(records(results)[-1])
        with session.folder(f"{dbos.name}, single runs") as folder:
            found[dbos.name].append(dbos.measured(folder, loads)[-1])
    return [
        Figure(subject=subject, cell=CELL, repeats=tuple(repeats))
        for subject, repeats in found.items()
    ]
