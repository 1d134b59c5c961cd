"""Steps and runs per second for every subject and cell; subjects alternate to share conditions."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.dbos_setting import Kind, Setting, Trial
from benchmarks.load import Load, Measured
from benchmarks.plan import Cell, Plan
from benchmarks.session import Session
from benchmarks.subjects import DBOS, DBOS_UNTUNED, BatonEngine, BatonHttp, Dbos, Subject

_TRIED: dict[Kind, str] = {"sequence": "3-step", "fan-out": "fan-out-100"}
_TRIED_IN_FLIGHT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """All repeats of one subject in one cell; its properties are medians."""

    subject: str
    cell: Cell
    repeats: tuple[Measured, ...]

    @property
    def steps_per_s(self) -> float:
        """Return the throughput in steps."""
        return median(one.steps_per_s for one in self.repeats)

    @property
    def runs_per_s(self) -> float:
        """Return the throughput in runs."""
        return median(one.runs_per_s for one in self.repeats)

    @property
    def p50_ms(self) -> float:
        """Return the median duration of a run (through HTTP: of a request)."""
        return median(one.p50_ms for one in self.repeats)

    @property
    def p99_ms(self) -> float:
        """Return the 99th percentile of the duration."""
        return median(one.p99_ms for one in self.repeats)


def tries(plan: Plan) -> int:
    """Return the number of measurements needed to choose DBOS's setting."""
    return len(plan.settings) * len(_TRIED)


def turns(plan: Plan) -> int:
    """Return the number of throughput measurements."""
    return plan.repeats * (3 * len(plan.cells) + len(plan.untuned))


def try_settings(session: Session) -> list[Trial]:
    """Measure DBOS with every setting of the plan."""
    found = []
    for kind, shape in _TRIED.items():
        load = Load(shape=shape, in_flight=_TRIED_IN_FLIGHT, seconds=session.plan.trial_seconds)
        for setting in session.plan.settings:
            with session.folder(f"DBOS, {shape}, {setting}") as folder:
                (measured,) = Dbos(settings={kind: setting}).measured(folder, [load])
            found.append(Trial(kind=kind, setting=setting, steps_per_s=measured.steps_per_s))
    return found


def tuned(trials: Sequence[Trial]) -> Dbos:
    """Return DBOS with its fastest settings."""
    best: dict[Kind, Setting] = {
        kind: max(
            (trial for trial in trials if trial.kind == kind), key=lambda trial: trial.steps_per_s
        ).setting
        for kind in _TRIED
    }
    return Dbos(DBOS, best)


def measure(session: Session, dbos: Dbos) -> list[Figure]:
    """Measure every subject in every cell, `repeats` times."""
    plan = session.plan
    subjects: list[Subject] = [BatonEngine(), BatonHttp(), dbos, Dbos()]
    found: dict[tuple[str, Cell], list[Measured]] = {}
    for _ in range(plan.repeats):
        for cell in plan.cells:
            for subject in subjects:
                if subject.name != DBOS_UNTUNED or cell in plan.untuned:
                    one = _measured(session, subject, cell)
                    found.setdefault((subject.name, cell), []).append(one)
    return [
        Figure(subject=subject, cell=cell, repeats=tuple(repeats))
        for (subject, cell), repeats in found.items()
    ]


def _measured(session: Session, subject: Subject, cell: Cell) -> Measured:
    with session.folder(f"{subject.name}, {cell.shape}, {cell.in_flight} in flight") as folder:
        return subject.measured(folder, session.plan.loads(cell))[-1]
