"""Results of one session in the distributed setting, and the targets they are compared with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.dbos_setting import Kind, Setting, Trial
from benchmarks.distributed.installation import Layout
from benchmarks.distributed.lag import LIMIT_MS, Observation
from benchmarks.distributed.load import LoadResult
from benchmarks.findings import Ratio, Verdict
from benchmarks.machine import Machine
from benchmarks.plan import Cell

DBOS, HTTP = "DBOS", "Baton HTTP"
MAIN = Cell("3-step", 50)
_SINGLE = Cell("3-step", 1)


def engine(executors: int) -> str:
    """Return the subject's name for runs that are started in bulk."""
    return f"Baton, {executors} executor{'s' * (executors > 1)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """All repeats of one subject in one cell; its properties are medians."""

    subject: str
    cell: Cell
    repeats: tuple[LoadResult, ...]

    def median(self, name: str) -> float:
        """Return the median of a field of `Measured`."""
        values: list[float] = [getattr(one.measured, name) for one in self.repeats]
        return median(values)

    def cpu_us(self) -> dict[str, float]:
        """Return processor microseconds per run, by kind of process."""
        return {
            kind: median(one.cpu[kind] / one.measured.runs for one in self.repeats) * 1e6
            for kind in self.repeats[0].cpu
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """Steps per second for a number of partitions and executors."""

    layout: Layout
    steps_per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """`chosen` is DBOS's setting by kind of shape."""

    plan: str
    machine: Machine
    versions: Mapping[str, str]
    trials: Sequence[Trial]
    chosen: Mapping[Kind, Setting]
    throughput: Sequence[Figure]
    latency: Sequence[Figure]
    scaled: Sequence[Scaled]
    observations: Sequence[Observation]

    @property
    def figures(self) -> dict[tuple[str, Cell], Figure]:
        """Return the throughput by subject and cell."""
        return {(one.subject, one.cell): one for one in self.throughput}


def ratios(findings: Findings) -> list[Ratio]:
    """Return each subject's throughput as a multiple of DBOS's in the same cell."""
    figures = findings.figures
    return [
        Ratio(
            cell=cell,
            against=subject,
            factor=one.median("steps_per_s") / figures[DBOS, cell].median("steps_per_s"),
        )
        for (subject, cell), one in figures.items()
        if subject != DBOS and (DBOS, cell) in figures
    ]


def verdicts(findings: Findings) -> list[Verdict]:
    """Compare the measured figures with the targets."""
    return [*_of_throughput(findings), *_of_latency(findings), *_of_observations(findings)]


def _of_throughput(findings: Findings) -> Iterator[Verdict]:
    for one in ratios(findings):
        if one.cell.shape == MAIN.shape and one.cell.in_flight > 1 and one.against != HTTP:
            what = f"{one.against} ÷ DBOS (3-step, {one.cell.in_flight} in flight)"
            yield Verdict(what=what, wanted=15, found=one.factor)


def _of_latency(findings: Findings) -> Iterator[Verdict]:
    for one in findings.latency:
        if one.subject == HTTP:
            what = "single run through HTTP, p50 ms"
            yield Verdict(what=what, wanted=30, found=one.median("p50_ms"), at_most=True)


def _of_observations(findings: Findings) -> Iterator[Verdict]:
    seen = findings.observations
    if not seen:
        return
    for follower, name in (("views", "projector"), ("relay", "relay")):
        what = f"{name} less than {LIMIT_MS} ms behind, ms after the load"
        found = median(one.back_after_ms(follower) for one in seen)
        yield Verdict(what=what, wanted=1_000, found=found, at_most=True)
    found = median(one.query_p99_ms for one in seen)
    yield Verdict(what="queries under full load, p99 ms", wanted=50, found=found, at_most=True)
