"""What the driving processes are told and tell: records that processes exchange as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.distributed.usage import Pids
from benchmarks.load import Load, Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Loads to put on the installation whose store is `store`, one after the other.

    `definitions` are ids by shape; `pids` are processes whose time is looked at.
    """

    store: str
    definitions: Mapping[str, str]
    pids: Pids
    loads: tuple[Load, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of one load.

    `cpu` are processor seconds by kind of process, the driver's among them; `over_ms` is when the
    last run was over, on the wall clock (0 through HTTP).
    """

    measured: Measured
    cpu: Mapping[str, float]
    over_ms: int = 0


def task_from(told: Mapping[str, object]) -> Task:
    """Return the task that JSON tells of."""
    loads, pids = told["loads"], told["pids"]
    assert isinstance(loads, list)
    assert isinstance(pids, dict)
    parts = {
        "loads": tuple(Load(**load) for load in loads),
        "pids": {kind: tuple(numbers) for kind, numbers in pids.items()},
    }
    return Task(**{**told, **parts})  # type: ignore[arg-type]


def told_from(told: Mapping[str, object]) -> Told:
    """Return what another process told of a load."""
    measured = told["measured"]
    assert isinstance(measured, dict)
    return Told(**{**told, "measured": Measured(**measured)})  # type: ignore[arg-type]
