"""Takes all measurements of the distributed setting, subject by subject, repeat by repeat."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.dbos_setting import Kind, Setting, Trial
from benchmarks.distributed.driving import dbos, driven, through_http
from benchmarks.distributed.findings import DBOS, HTTP, Figure, Findings, Scaled, engine
from benchmarks.distributed.installation import Installation, Layout, installation
from benchmarks.distributed.lag import Observation
from benchmarks.distributed.load import LoadResult
from benchmarks.distributed.observing import observe
from benchmarks.distributed.plan import Plan
from benchmarks.distributed.servers import Servers
from benchmarks.load import Load
from benchmarks.machine import facts
from benchmarks.plan import Cell
from benchmarks.session import Turns

_TRIED: dict[Kind, str] = {"sequence": "3-step", "fan-out": "fan-out-100"}
_TRIED_IN_FLIGHT = 50
_SINGLE = Cell("3-step", 1)
_WARM_RUNS = 30
_NO_LIMIT_S = 300.0
_FULL_LOAD = Cell("3-step", 500)

Found = dict[tuple[str, Cell], list[LoadResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """The measurements of a session, collected step by step."""

    plan: Plan
    turns: Turns
    servers: Servers
    throughput: Found = field(default_factory=dict)
    latency: Found = field(default_factory=dict)
    scaled: dict[Layout, list[LoadResult]] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)

    def all(self) -> Findings:
        """Take every measurement of the plan."""
        machine = facts(self.turns.base)
        self._warm_up()
        trials = self._trials()
        chosen = _chosen(trials)
        for _ in range(self.plan.repeats):
            for executors in self.plan.executors:
                self._baton(executors)
            self._dbos(chosen)
            for layout in self.plan.layouts:
                self._layout(layout)
        return Findings(
            plan=self.plan.name,
            machine=machine,
            versions=self.servers.versions,
            trials=trials,
            chosen=chosen,
            throughput=_figures(self.throughput),
            latency=_figures(self.latency),
            scaled=[
                Scaled(
                    layout=layout, steps_per_s=median(one.measured.steps_per_s for one in results)
                )
                for layout, results in self.scaled.items()
            ],
            observations=self.observations,
        )

    def _warm_up(self) -> None:
        """Run a load without measuring it, so that the JVM has compiled Kafka's hot code."""
        with (
            self.turns.folder("warming up") as folder,
            installation(self.servers, folder, Layout()) as it,
        ):
            driven(it, [Load(shape="3-step", in_flight=50, seconds=self.plan.warm_up_seconds)])

    def _trials(self) -> list[Trial]:
        found = []
        for kind, shape in _TRIED.items():
            load = Load(shape=shape, in_flight=_TRIED_IN_FLIGHT, seconds=self.plan.trial_seconds)
            for setting in self.plan.settings:
                (results,) = dbos(self.turns, self.servers, setting, [load])
                steps_per_s = results.measured.steps_per_s
                found.append(Trial(kind=kind, setting=setting, steps_per_s=steps_per_s))
        return found

    def _baton(self, executors: int) -> None:
        """Measure all cells on one installation; observe lag on the last one."""
        doing = f"{engine(executors)}, all loads"
        with (
            self.turns.folder(doing) as folder,
            installation(self.servers, folder, Layout(executors=executors)) as it,
        ):
            self._cells(it, engine(executors))
            if executors == self.plan.executors[0]:
                self._http(it)
            if executors == self.plan.executors[-1]:
                seconds, in_flight = self.plan.observed_seconds, _FULL_LOAD.in_flight
                load = Load(shape=_FULL_LOAD.shape, in_flight=in_flight, seconds=seconds)
                self.observations.append(observe(it, load))

    def _cells(self, it: Installation, subject: str) -> None:
        loads = [self.plan.warm(shape) for shape in {cell.shape for cell in self.plan.cells}]
        results = driven(it, [*loads, *(self.plan.load(cell) for cell in self.plan.cells)])
        for cell, one in zip(self.plan.cells, results[len(loads) :], strict=True):
            self.throughput.setdefault((subject, cell), []).append(one)

    def _http(self, it: Installation) -> None:
        through_http(it, "drive", self.plan.warm("3-step"))
        for in_flight in self.plan.http:
            cell = Cell("3-step", in_flight)
            results = through_http(it, "drive", self.plan.load(cell))
            self.throughput.setdefault((HTTP, cell), []).append(results)
        results = through_http(it, "one-by-one", _single_runs(self.plan.latency_runs))
        self.latency.setdefault((HTTP, _SINGLE), []).append(results)

    def _dbos(self, chosen: dict[Kind, Setting]) -> None:
        for cell in self.plan.cells:
            load = self.plan.load(cell)
            loads = [self.plan.warm(cell.shape, cell.in_flight), load]
            results = dbos(self.turns, self.servers, chosen[load.of.kind], loads)
            self.throughput.setdefault((DBOS, cell), []).append(results[-1])
        runs = [_single_runs(number) for number in (_WARM_RUNS, self.plan.latency_runs)]
        results = dbos(self.turns, self.servers, chosen["sequence"], runs)
        self.latency.setdefault((DBOS, _SINGLE), []).append(results[-1])

    def _layout(self, layout: Layout) -> None:
        doing = f"Baton, {layout.partitions} partitions, {layout.executors} executors"
        with (
            self.turns.folder(doing) as folder,
            installation(self.servers, folder, layout) as it,
        ):
            cell = self.plan.scaled
            results = driven(it, [self.plan.warm(cell.shape), self.plan.load(cell)])
            self.scaled.setdefault(layout, []).append(results[-1])


def turns_of(plan: Plan) -> int:
    """Return how many measurements a plan takes."""
    once = len(plan.executors) + len(plan.cells) + 1 + len(plan.layouts)
    return 1 + len(plan.settings) * len(_TRIED) + plan.repeats * once


def _single_runs(number: int) -> Load:
    return Load(shape=_SINGLE.shape, in_flight=1, seconds=_NO_LIMIT_S, runs=number)


def _chosen(trials: Sequence[Trial]) -> dict[Kind, Setting]:
    return {
        kind: max(
            (one for one in trials if one.kind == kind), key=lambda one: one.steps_per_s
        ).setting
        for kind in _TRIED
    }


def _figures(found: Found) -> list[Figure]:
    return [
        Figure(subject=subject, cell=cell, repeats=tuple(repeats))
        for (subject, cell), repeats in found.items()
    ]
