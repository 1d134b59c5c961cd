"""The memory of one `baton dev` through which many runs of 3 steps are started."""

from dataclasses import dataclass
from statistics import median

from benchmarks.load import Load
from benchmarks.processes import called
from benchmarks.server import baton_dev
from benchmarks.session import Session
from benchmarks.subjects import job

TURNS = 1
_IN_FLIGHT = 50
_NO_LIMIT_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The server's resident memory after `runs` runs were started."""

    runs: int
    rss_mib: float


def measure(session: Session) -> list[Sample]:
    """Send the plan's runs to one server."""
    load = Load(
        shape="3-step", in_flight=_IN_FLIGHT, seconds=_NO_LIMIT_S, runs=session.plan.memory_runs
    )
    doing = f"Baton HTTP, memory over {load.runs:,} runs"
    with session.folder(doing) as folder, baton_dev(folder) as server:
        told = called("http_process", folder, job("watch", server, [load]))
    return [Sample(runs=runs, rss_mib=rss) for runs, rss in told]


def growth(samples: list[Sample]) -> float:
    """Return by what factor memory grew from the middle fifth of the runs to the last one."""
    runs = samples[-1].runs
    middle, last = (
        median(one.rss_mib for one in samples if low * runs <= one.runs <= high * runs)
        for low, high in ((0.4, 0.6), (0.8, 1.0))
    )
    return last / middle
