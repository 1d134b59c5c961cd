"""Results of one session, and the targets they are compared with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.dbos_setting import Kind, Setting, Trial
from benchmarks.machine import Machine
from benchmarks.memory import Sample, growth
from benchmarks.plan import Cell
from benchmarks.stored_runs import Cost
from benchmarks.subjects import DBOS, DBOS_UNTUNED, ENGINE, HTTP
from benchmarks.throughput import Figure

_MAIN = Cell("3-step", 50)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Results by part; a part that wasn't measured is empty. `chosen` is DBOS's setting by kind."""

    plan: str
    machine: Machine
    trials: Sequence[Trial] = ()
    chosen: Mapping[Kind, Setting]
    throughput: Sequence[Figure] = ()
    latency: Sequence[Figure] = ()
    stored: Sequence[Cost] = ()
    memory: Sequence[Sample] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """The throughput of Baton's engine in a cell, as a multiple of the throughput of `against`."""

    cell: Cell
    against: str
    factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One target; `at_most` says whether it is an upper bound."""

    what: str
    wanted: float
    found: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Return whether the target is met."""
        return self.found <= self.wanted if self.at_most else self.found >= self.wanted


def ratios(findings: Findings) -> list[Ratio]:
    """Compare Baton's engine with DBOS, cell by cell."""
    engine = {one.cell: one for one in findings.throughput if one.subject == ENGINE}
    return [
        Ratio(
            cell=one.cell,
            against=one.subject,
            factor=engine[one.cell].steps_per_s / one.steps_per_s,
        )
        for one in findings.throughput
        if one.subject in {DBOS, DBOS_UNTUNED} and one.cell in engine
    ]


def verdicts(findings: Findings) -> list[Verdict]:
    """Compare the measured figures with the targets."""
    return [
        *_of_throughput(findings),
        *_of_fan_out(findings),
        *_of_latency(findings),
        *_of_stored_runs(findings),
        *_of_memory(findings),
    ]


def _of_throughput(findings: Findings) -> Iterator[Verdict]:
    where = "3-step, 50 in flight"
    for ratio in ratios(findings):
        if ratio.cell == _MAIN:
            what = f"engine ÷ {ratio.against} ({where})"
            yield Verdict(what=what, wanted=40, found=ratio.factor)
    for one in findings.throughput:
        if one.cell == _MAIN and one.subject == ENGINE:
            yield Verdict(what=f"engine, steps/s ({where})", wanted=6_000, found=one.steps_per_s)
        if one.cell == _MAIN and one.subject == HTTP:
            yield Verdict(
                what=f"started through HTTP, runs/s ({where})", wanted=1_000, found=one.runs_per_s
            )


def _of_fan_out(findings: Findings) -> Iterator[Verdict]:
    took = {one.cell.shape: one for one in findings.throughput if _is_lone_engine(one)}
    if {"fan-out-100", "fan-out-1000"} <= took.keys():
        factor = took["fan-out-1000"].p50_ms / took["fan-out-100"].p50_ms
        yield Verdict(
            what="1,000-way ÷ 100-way fan-out, time of a run", wanted=12, found=factor, at_most=True
        )


def _is_lone_engine(figure: Figure) -> bool:
    return figure.subject == ENGINE and figure.cell.in_flight == 1


def _of_latency(findings: Findings) -> Iterator[Verdict]:
    for one in findings.latency:
        if one.subject == HTTP:
            what = "single run through HTTP, p50 ms"
            yield Verdict(what=what, wanted=8, found=one.p50_ms, at_most=True)


def _of_stored_runs(findings: Findings) -> Iterator[Verdict]:
    if len(findings.stored) > 1:
        first, last = findings.stored[0], findings.stored[-1]
        yield Verdict(
            what=f"cost of a step at {last.stored:,} ÷ {first.stored:,} stored runs",
            wanted=1.3,
            found=last.wall_us / first.wall_us,
            at_most=True,
        )


def _of_memory(findings: Findings) -> Iterator[Verdict]:
    if findings.memory:
        yield Verdict(
            what=f"memory, last fifth of {findings.memory[-1].runs:,} runs ÷ middle fifth",
            wanted=1.05,
            found=growth(list(findings.memory)),
            at_most=True,
        )
