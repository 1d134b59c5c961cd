"""Runs `baton dev` as a process on a new folder with the benchmark's definitions."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from baton.cli import dev_session
from benchmarks.engine import engine
from benchmarks.load import TENANT
from benchmarks.processes import MeasurementFailed, environment
from benchmarks.shapes import SHAPES

_READY_WITHIN_S = 30.0
_STOPS_WITHIN_S = 30.0
_LOOK_AGAIN_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running server, and definition ids by name of shape."""

    url: str
    token: str
    pid: int
    definitions: dict[str, str]


@contextmanager
def baton_dev(
    folder: Path, *flags: str, more: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run a server until the block ends; raises MeasurementFailed if it doesn't start.

    Args:
        folder: Its working directory, with its data in `baton-data`.
        flags: Further arguments of `baton dev`.
        more: Further variables of its environment.
    """
    data, results = folder / "baton-data", folder / "server.txt"
    definitions = asyncio.run(_defined(data))
    command = [sys.executable, "-m", "baton", "dev", "--port", "0", "--data", str(data)]
    with results.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [*command, "--tenant", TENANT, *flags],
            cwd=folder,
            env={**environment(), **(more or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = _address(process, data, results)
        token = dev_session.read_token(data) or ""
        yield Running(url=url, token=token, pid=process.pid, definitions=definitions)
    finally:
        _stop(process)


async def _defined(data: Path) -> dict[str, str]:
    """Create the definitions in the store: the measured dialect can't express a fan-out."""
    async with engine(data) as it:
        return {name: (await it.define(shape)).definition_id for name, shape in SHAPES.items()}


def _address(process: subprocess.Popen[bytes], data: Path, results: Path) -> str:
    deadline = time.monotonic() + _READY_WITHIN_S
    while (url := dev_session.read_url(data)) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise MeasurementFailed(f"baton dev: {results.read_text(encoding='utf-8')[-2_000:]}")
        time.sleep(_LOOK_AGAIN_S)
    return url


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOPS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
