"""The machine and the versions under which the figures were measured."""

import os
import platform
import sqlite3
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile

_PACKAGES = ("dbos", "eventsourcing", "aiohttp", "uvloop", "orjson", "sqlalchemy")
_SYNCS = 100
_PAGE = b"\0" * 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`sync_ms` is the duration of a durable 4 KiB write; `load` is the prior load average."""

    at: str
    system: str
    processor: str
    cores: int
    memory_gib: float
    python: str
    sqlite: str
    packages: dict[str, str]
    sync_ms: float
    load: float


def facts(base: Path | None) -> Machine:
    """Inspect the machine; `base` is the folder for temporary data."""
    return Machine(
        at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        processor=_processor(),
        cores=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1,
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3, 1),
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        packages={name: version(name) for name in _PACKAGES},
        sync_ms=_sync_ms(base),
        load=round(os.getloadavg()[0], 2),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _sync_ms(base: Path | None) -> float:
    took = []
    with TemporaryFile(dir=base) as file:
        for _ in range(_SYNCS):
            begun = time.perf_counter()
            file.write(_PAGE)
            file.flush()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - begun)
    return round(median(took) * 1_000, 3)
