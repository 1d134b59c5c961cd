"""What is measured: Baton's engine, Baton through HTTP, DBOS as it serves best and as it comes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmarks.dbos_setting import Kind, Setting
from benchmarks.http_process import Job
from benchmarks.load import Load, Measured
from benchmarks.processes import called
from benchmarks.server import Running, baton_dev

ENGINE, HTTP, DBOS, DBOS_UNTUNED = "Baton engine", "Baton HTTP", "DBOS", "DBOS as it comes"


class Subject(Protocol):
    """Something that runs workflows."""

    @property
    def name(self) -> str:
        """What it is called in tables and drawings."""
        ...

    def measured(self, folder: Path, loads: Sequence[Load]) -> list[Measured]:
        """Return what was measured of loads of one shape, in a fresh installation in `folder`."""
        ...


@dataclass(frozen=True, slots=True)
class BatonEngine:
    """Runs are started in the process that performs them."""

    name: str = ENGINE

    def measured(self, folder: Path, loads: Sequence[Load]) -> list[Measured]:
        """Measure in a process of its own."""
        return records(called("engine_process", folder, list(loads)))


@dataclass(frozen=True, slots=True)
class BatonHttp:
    """Runs are started one by one through `baton dev`, by a client in another process."""

    name: str = HTTP

    def measured(self, folder: Path, loads: Sequence[Load]) -> list[Measured]:
        """Measure a server of its own."""
        with baton_dev(folder) as server:
            return records(called("http_process", folder, job("drive", server, loads)))


@dataclass(frozen=True, slots=True)
class Dbos:
    """DBOS with the same setting everywhere, or one for each kind; without one, as it comes."""

    name: str = DBOS_UNTUNED
    settings: Mapping[Kind, Setting] = field(default_factory=dict)

    def measured(self, folder: Path, loads: Sequence[Load]) -> list[Measured]:
        """Measure in a process of its own."""
        first = loads[0]
        as_it_comes = Setting(threads=max(first.in_flight, 1), write_ahead_log=False)
        setting = self.settings.get(first.of.kind, as_it_comes)
        return records(called("dbos_process", folder, setting, list(loads), None))


def job(act: str, server: Running, loads: Sequence[Load]) -> Job:
    """Return what the client is to do to a server."""
    return Job(
        act=act,  # type: ignore[arg-type]
        url=server.url,
        token=server.token,
        pid=server.pid,
        definition_id=server.definitions[loads[0].shape],
        loads=tuple(loads),
    )


def records(told: Sequence[Mapping[str, float]]) -> list[Measured]:
    """Return what another process told."""
    return [Measured(**one) for one in told]  # type: ignore[arg-type]
