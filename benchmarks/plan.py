"""Plans: the full one, and a quick one for development."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.dbos_setting import Setting
from benchmarks.load import Load

IN_FLIGHT = (1, 50, 500)
_WARM_IN_FLIGHT = 50


@dataclass(frozen=True, slots=True)
class Cell:
    """A shape and a number of runs in flight."""

    shape: str
    in_flight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Times are seconds. Every figure is the median of `repeats`, interleaved by subject.

    DBOS is tuned over `settings`; with its defaults it is measured in the cells `untuned` only,
    where it needs an acceptable time. At each number of runs in `stored`, `windows` windows of
    `window_runs` runs are timed. `memory_runs` runs are started on one server.
    """

    name: str
    repeats: int
    seconds: float
    warm_seconds: float
    cells: tuple[Cell, ...]
    untuned: tuple[Cell, ...]
    settings: tuple[Setting, ...]
    trial_seconds: float
    latency_runs: int
    stored: tuple[int, ...]
    windows: int
    window_runs: int
    memory_runs: int

    def loads(self, cell: Cell) -> list[Load]:
        """Return the loads of a cell: a warm-up, then the measured load."""
        shape, in_flight = cell.shape, cell.in_flight
        return [
            Load(shape=shape, in_flight=min(in_flight, _WARM_IN_FLIGHT), seconds=self.warm_seconds),
            Load(shape=shape, in_flight=in_flight, seconds=self.seconds),
        ]


def _cells(*shapes: str, in_flight: tuple[int, ...] = IN_FLIGHT) -> Iterator[Cell]:
    for shape in shapes:
        for number in in_flight:
            yield Cell(shape, number)


def _settings(*threads: int) -> tuple[Setting, ...]:
    return tuple(
        Setting(threads=number, write_ahead_log=journal)
        for journal in (False, True)
        for number in threads
    )


_SEQUENCES = ("3-step", "10-step")
_WIDE = Cell("fan-out-1000", 1)

FULL = Plan(
    name="full",
    repeats=3,
    seconds=3.0,
    warm_seconds=0.5,
    cells=(*_cells(*_SEQUENCES, "fan-out-100"), _WIDE),
    untuned=(*_cells(*_SEQUENCES, in_flight=(1, 50)), Cell("fan-out-100", 1)),
    settings=_settings(1, 2, 4, 8, 16),
    trial_seconds=2.0,
    latency_runs=250,
    stored=(1_000, 10_000, 100_000),
    windows=5,
    window_runs=400,
    memory_runs=100_000,
)
QUICK = Plan(
    name="quick",
    repeats=1,
    seconds=1.0,
    warm_seconds=0.3,
    cells=(*_cells("3-step"), Cell("10-step", 50), Cell("fan-out-100", 1), _WIDE),
    untuned=(Cell("3-step", 50),),
    settings=_settings(1, 4),
    trial_seconds=0.5,
    latency_runs=200,
    stored=(1_000, 5_000),
    windows=3,
    window_runs=200,
    memory_runs=5_000,
)
