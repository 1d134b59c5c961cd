"""Plans for the distributed setting: a full one and a quick one."""

from dataclasses import dataclass

from benchmarks.dbos_setting import Setting
from benchmarks.distributed.installation import Layout
from benchmarks.load import Load
from benchmarks.plan import IN_FLIGHT, Cell

_WARM_IN_FLIGHT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Times are seconds. Every figure is the median of `repeats`, interleaved with the other
    subjects.

    `executors` lists the numbers of executors for which `cells` are measured, `http` the numbers of
    requests in flight. `layouts` are measured with `scaled`. `settings` are tried for DBOS.
    """

    name: str
    warm_up_seconds: float
    repeats: int
    seconds: float
    warm_seconds: float
    executors: tuple[int, ...]
    cells: tuple[Cell, ...]
    http: tuple[int, ...]
    latency_runs: int
    settings: tuple[Setting, ...]
    trial_seconds: float
    scaled: Cell
    layouts: tuple[Layout, ...]
    observed_seconds: float

    def warm(self, shape: str, in_flight: int = _WARM_IN_FLIGHT) -> Load:
        """Return the load that warms a subject up."""
        return Load(
            shape=shape, in_flight=min(in_flight, _WARM_IN_FLIGHT), seconds=self.warm_seconds
        )

    def load(self, cell: Cell) -> Load:
        """Return the load that measures a cell."""
        return Load(shape=cell.shape, in_flight=cell.in_flight, seconds=self.seconds)


def _settings(*threads: int) -> tuple[Setting, ...]:
    return tuple(Setting(threads=number) for number in threads)


def _layouts(*numbers: tuple[int, int]) -> tuple[Layout, ...]:
    return tuple(
        Layout(partitions=partitions, executors=executors) for partitions, executors in numbers
    )


FULL = Plan(
    name="full",
    warm_up_seconds=15.0,
    repeats=3,
    seconds=3.0,
    warm_seconds=1.0,
    executors=(1, 2),
    cells=tuple(
        Cell(shape, number)
        for shape in ("3-step", "10-step", "fan-out-100")
        for number in IN_FLIGHT
    ),
    http=IN_FLIGHT,
    latency_runs=200,
    settings=_settings(1, 2, 4, 8, 16, 32),
    trial_seconds=2.0,
    scaled=Cell("3-step", 500),
    layouts=_layouts((1, 1), (1, 2), (4, 1), (4, 2), (4, 4), (12, 1), (12, 2), (12, 4)),
    observed_seconds=10.0,
)
QUICK = Plan(
    name="quick",
    warm_up_seconds=5.0,
    repeats=1,
    seconds=1.5,
    warm_seconds=0.7,
    executors=(1, 2),
    cells=(*(Cell("3-step", number) for number in IN_FLIGHT), Cell("fan-out-100", 1)),
    http=(50,),
    latency_runs=100,
    settings=_settings(4, 16),
    trial_seconds=1.0,
    scaled=Cell("3-step", 500),
    layouts=_layouts((1, 1), (12, 2)),
    observed_seconds=4.0,
)
