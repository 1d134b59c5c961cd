"""Memory of one `baton dev` while it executes many runs of 3 steps."""

from dataclasses import dataclass
from statistics import median

from benchmarks.load import Load
from benchmarks.processes import run_module
from benchmarks.server import baton_dev
from benchmarks.session import Session
from benchmarks.subjects import job

TURNS = 1
_IN_FLIGHT = 50
_NO_LIMIT_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The server's resident memory after `runs` started runs."""

    runs: int
    rss_mib: float


def measure(session: Session) -> list[Sample]:
    """Start the plan's runs on one server."""
    load = Load(
        shape="3-step", in_flight=_IN_FLIGHT, seconds=_NO_LIMIT_S, runs=session.plan.memory_runs
    )
    doing = f"Baton HTTP, memory over {load.runs:,} runs"
    with session.folder(doing) as folder, baton_dev(folder) as server:
        results = run_module("http_process", folder, job("watch", server, [load]))
    return [Sample(runs=runs, rss_mib=rss) for runs, rss in results]


def growth(samples: list[Sample]) -> float:
    """Return the memory in the last fifth of the runs divided by that in the middle fifth."""
    runs = samples[-1].runs
    middle, last = (
        median(one.rss_mib for one in samples if low * runs <= one.runs <= high * runs)
        for low, high in ((0.4, 0.6), (0.8, 1.0))
    )
    return last / middle
