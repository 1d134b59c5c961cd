"""Views that are built, promoted and replayed beside a server under load.

Runs are imported into a store first. Then a client starts runs at a fixed rate and reads each of
them at once, while `baton views` builds a second set, promotes it, rolls back and promotes it
again, and `baton replay` folds all events once more. The verbs say their progress on stderr.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.engine import engine
from benchmarks.http_client import Connection, Server
from benchmarks.imported_runs import import_runs
from benchmarks.load import quantile
from benchmarks.processes import MeasurementFailed, environment
from benchmarks.server import baton_dev

RUNS: Final = 100_000
"""Runs that are stored before."""
RATE: Final = 500
"""Runs that are started each second beside."""
ALONE_S: Final = 10.0
"""The time that the load runs before the set is built."""
EVENTS_PER_S: Final = 20_000
_CONNECTIONS: Final = 128
"""As many requests wait at once, so that a latency of 200 ms doesn't lower the rate."""
_FILLING_MS: Final = 7_200_000


@dataclass(slots=True)
class Phase:
    """What the client has seen during one verb: durations in ms, and answers it can't accept."""

    took_ms: list[float] = field(default_factory=list)
    refused: int = 0
    missed: int = 0

    def line(self, name: str, seconds: float) -> str:
        """Return the figures in one line."""
        rate = len(self.took_ms) / seconds
        p50, p99 = quantile(self.took_ms, 0.5), quantile(self.took_ms, 0.99)
        return (
            f"{name:10} {seconds:7.1f} s  {rate:5.0f} runs/s  p50 {p50:6.1f} ms  p99 {p99:7.1f} ms"
            f"  5xx {self.refused}  not read back {self.missed}\n"
        )


def show(base: Path | None, runs: int | None) -> None:
    """Measure and print."""
    stored = runs or RUNS
    with tempfile.TemporaryDirectory(dir=base) as name:
        folder = Path(name)
        begun = time.monotonic()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_fill(folder / "baton-data", stored))
            sys.stdout.write(f"{stored:,} runs stored in {time.monotonic() - begun:.0f} s\n")
            with baton_dev(folder) as running:
                server = Server(url=running.url, token=running.token)
                runner.run(_measure(folder, server, running.definitions["3-step"]))


async def _fill(data: Path, runs: int) -> None:
    """Import the runs, and wait until the views hold them."""
    head = await import_runs(data, runs)
    async with engine(data) as it:
        assert await it.process.services.reached(head, _FILLING_MS)
        assert await it.process.context.history_position.reached(head, _FILLING_MS)


async def _measure(folder: Path, server: Server, definition: str) -> None:
    load = _Client(server, definition)
    async with load.running():
        await load.during("alone", lambda: asyncio.sleep(ALONE_S))
        rate = str(EVENTS_PER_S)
        report = await load.during("rebuild", lambda: _views(folder, "rebuild", "--rate", rate))
        sys.stdout.write(report)
        number = report.split()[1]
        await load.during("promote", lambda: _views(folder, "promote", number))
        await load.during("rollback", lambda: _views(folder, "rollback"))
        await load.during("promote", lambda: _views(folder, "promote", number))
        sys.stdout.write(await load.during("replay", lambda: _baton(folder, "replay")))
    sys.stdout.write(await _views(folder, "list"))
    sys.stdout.write(await _views(folder, "compare", "1"))


class _Client:
    """Starts runs at a fixed rate over several connections, and reads each of them."""

    def __init__(self, server: Server, definition: str) -> None:
        self._server = server
        self._definition = definition
        self._phase = Phase()
        self._next_at = 0.0
        self._stopping = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep starting runs until the block ends."""
        self._next_at = time.perf_counter()
        tasks = [
            asyncio.create_task(self._keep_starting(await self._server.connect()))
            for _ in range(_CONNECTIONS)
        ]
        try:
            yield
        finally:
            self._stopping = True
            await asyncio.gather(*tasks)

    async def during(self, name: str, act: Callable[[], Awaitable[str | None]]) -> str:
        """Print what the client saw while `act` ran and a second after it; return its output."""
        self._phase, begun = Phase(), time.perf_counter()
        shown = await act()
        await asyncio.sleep(1)
        phase = self._phase
        sys.stdout.write(phase.line(name, time.perf_counter() - begun))
        sys.stdout.flush()
        return shown or ""

    async def _keep_starting(self, connection: Connection) -> None:
        body = {"definition": self._definition}
        request = self._server.request("POST", "/runs", body)
        while not self._stopping:
            at, self._next_at = self._next_at, self._next_at + 1 / RATE
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            phase, begun = self._phase, time.perf_counter()
            answer = await connection.ask(request)
            phase.took_ms.append((time.perf_counter() - begun) * 1_000)
            phase.refused += answer.status >= 500
            if answer.status == 201:
                path = f"/runs/{answer.json()['id']}?fields="
                read = await connection.ask(self._server.request("GET", path))
                phase.refused += read.status >= 500
                phase.missed += read.status == 404


async def _views(folder: Path, *words: str) -> str:
    """Run a verb of `baton views` and return its output."""
    return await _baton(folder, "views", *words)


async def _baton(folder: Path, *words: str) -> str:
    """Run a verb on the store of the server and return its output; stderr is passed on."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "baton", *words, "--data", "baton-data"),
        cwd=folder,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise MeasurementFailed(f"baton {' '.join(words)}: {output.decode()}")
    return output.decode()
