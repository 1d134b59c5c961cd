"""One session in the distributed setting, from starting the servers to drawing charts."""

from pathlib import Path

from rich.progress import Progress

from benchmarks.distributed import drawing, profiling, report, tables
from benchmarks.distributed.measuring import Measuring, turns_of
from benchmarks.distributed.plan import FULL, QUICK
from benchmarks.distributed.servers import servers
from benchmarks.session import Turns


def measure(progress: Progress, *, base: Path | None, results: Path, quick: bool) -> list[Path]:
    """Measure, print tables, and return the files that were written."""
    plan = QUICK if quick else FULL
    task = progress.add_task("starting PostgreSQL and Kafka", total=turns_of(plan))
    turns = Turns(base=base, progress=progress, task=task)
    with servers() as running:
        findings = Measuring(plan=plan, turns=turns, servers=running).all()
    progress.stop()
    tables.show(findings)
    return [report.write(findings, results), *drawing.draw(findings, results)]


def profile(base: Path | None) -> None:
    """Profile each service."""
    with servers() as running:
        profiling.show(running, base)
