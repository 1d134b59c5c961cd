"""Tasks for driver processes and their results, exchanged as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.distributed.usage import Pids
from benchmarks.load import Load, Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Loads to run one after the other on the installation with this store.

    `definitions` are ids by shape; `pids` are the processes whose processor time is measured.
    """

    store: str
    definitions: Mapping[str, str]
    pids: Pids
    loads: tuple[Load, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """The result of one load.

    `cpu` is processor seconds by kind of process, driver included; `over_ms` is the wall-clock time
    at which the last run ended (0 through HTTP).
    """

    measured: Measured
    cpu: Mapping[str, float]
    over_ms: int = 0


def task_from(document: Mapping[str, object]) -> Task:
    """Read a task from JSON."""
    loads, pids = document["loads"], document["pids"]
    assert isinstance(loads, list)
    assert isinstance(pids, dict)
    parts = {
        "loads": tuple(Load(**load) for load in loads),
        "pids": {kind: tuple(numbers) for kind, numbers in pids.items()},
    }
    return Task(**{**document, **parts})  # type: ignore[arg-type]


def load_result_from(document: Mapping[str, object]) -> LoadResult:
    """Read the result of a load from JSON."""
    measured = document["measured"]
    assert isinstance(measured, dict)
    return LoadResult(**{**document, "measured": Measured(**measured)})  # type: ignore[arg-type]
