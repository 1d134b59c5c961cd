"""The measured systems: Baton's engine, Baton through HTTP, DBOS tuned and with its defaults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmarks.dbos_setting import Kind, Setting
from benchmarks.http_process import Job
from benchmarks.load import Load, Measured
from benchmarks.processes import run_module
from benchmarks.server import Running, baton_dev

ENGINE, HTTP, DBOS, DBOS_UNTUNED = "Baton engine", "Baton HTTP", "DBOS", "DBOS as it comes"


class Subject(Protocol):
    """A system that executes workflows."""

    @property
    def name(self) -> str:
        """The name in tables and charts."""
        ...

    def measured(self, folder: Path, loads: Sequence[Load]) -> list[Measured]:
        """Run loads of one shape on a new installation in `folder`; return a result per load."""
        ...


@dataclass(frozen=True, slots=True)
class BatonEngine:
    """Baton with the driver in the same process."""

    name: str = ENGINE

    def measured(self, folder: Path, loads: Sequence[Load]) -> list[Measured]:
        """Measure in a new process."""
        return records(run_module("engine_process", folder, list(loads)))


@dataclass(frozen=True, slots=True)
class BatonHttp:
    """`baton dev`, with a client in another process that starts runs one by one."""

    name: str = HTTP

    def measured(self, folder: Path, loads: Sequence[Load]) -> list[Measured]:
        """Measure a new server."""
        with baton_dev(folder) as server:
            return records(run_module("http_process", folder, job("drive", server, loads)))


@dataclass(frozen=True, slots=True)
class Dbos:
    """DBOS with a setting per kind of shape; with its defaults for a kind without a setting."""

    name: str = DBOS_UNTUNED
    settings: Mapping[Kind, Setting] = field(default_factory=dict)

    def measured(self, folder: Path, loads: Sequence[Load]) -> list[Measured]:
        """Measure in a new process."""
        first = loads[0]
        as_it_comes = Setting(threads=max(first.in_flight, 1), write_ahead_log=False)
        setting = self.settings.get(first.of.kind, as_it_comes)
        return records(run_module("dbos_process", folder, setting, list(loads), None))


def job(act: str, server: Running, loads: Sequence[Load]) -> Job:
    """Return the client's job for a server."""
    return Job(
        act=act,  # type: ignore[arg-type]
        url=server.url,
        token=server.token,
        pid=server.pid,
        definition_id=server.definitions[loads[0].shape],
        loads=tuple(loads),
    )


def records(results: Sequence[Mapping[str, float]]) -> list[Measured]:
    """Read results from JSON."""
    return [Measured(**one) for one in results]  # type: ignore[arg-type]
