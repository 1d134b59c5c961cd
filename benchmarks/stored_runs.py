"""Cost of a step in a store that already contains many runs (Baton's engine, 3 steps per run)."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.load import Measured
from benchmarks.plan import Plan
from benchmarks.processes import run_module
from benchmarks.session import Session
from benchmarks.subjects import records


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Median wall-clock and processor microseconds per step, with at least `stored` runs stored."""

    stored: int
    wall_us: float
    cpu_us: float


def turns(plan: Plan) -> int:
    """Return the number of measurements."""
    return plan.repeats


def measure(session: Session) -> list[Cost]:
    """Fill one store per repeat and time windows on the way."""
    plan = session.plan
    found: dict[int, list[Measured]] = {stored: [] for stored in plan.stored}
    for _ in range(plan.repeats):
        with session.folder(f"Baton engine, up to {plan.stored[-1]:,} stored runs") as folder:
            results = run_module(
                "stored_process", folder, list(plan.stored), plan.windows, plan.window_runs
            )
        for stored, windows in zip(plan.stored, results, strict=True):
            found[stored] += records(windows)
    return [_cost(stored, windows) for stored, windows in found.items()]


def _cost(stored: int, windows: Sequence[Measured]) -> Cost:
    return Cost(
        stored=stored,
        wall_us=median(one.seconds / one.steps for one in windows) * 1e6,
        cpu_us=median(one.cpu_seconds / one.steps for one in windows) * 1e6,
    )
