"""Tenants: how long one tenant's run takes alone, and beside 10,000 runs of another tenant.

Both tenants have runs of 3 or 1 steps that call the same function of 100 ms, on the event loop or
in threads, of which there are fewer. In a third case the single run calls a function that does
nothing, which shows what the load itself costs. The runs of the calm tenant are started one after
the other while those of the busy one are started and executed; the last column shows how many of
these were left when the last one of the calm tenant had ended.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.http_client import Connection, Server
from benchmarks.processes import MeasurementFailed, environment
from benchmarks.server import baton_dev

RUNS: Final = 10_000
"""Runs of the busy tenant."""
SINGLE_RUNS: Final = 9
"""Runs of the calm tenant, one after the other; the figure is their median."""
BUSY: Final = "busy"
CALM: Final = "calm"
_CONNECTIONS: Final = 16
_WARM_UP: Final = 5
_HEAD_START_S: Final = 1.0
"""The time after which the calm tenant starts its first run beside those of the busy one."""
_CREATED: Final = 201

FUNCTIONS: Final = """
import asyncio
import time

from baton import function


@function("nap", id="00000000-0000-4000-8000-000000000001")
async def nap():
    await asyncio.sleep(0.1)


@function("blocking-nap", id="00000000-0000-4000-8000-000000000002")
def blocking_nap():
    time.sleep(0.1)


@function("nothing", id="00000000-0000-4000-8000-000000000003")
async def nothing():
    pass
"""
NAP, BLOCKING_NAP, NOTHING = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The functions that the runs of both tenants call, by id."""

    name: str
    busy: str
    calm: str


CASES: Final = (
    Case(name="100 ms on the event loop", busy=NAP, calm=NAP),
    Case(name="100 ms in threads", busy=BLOCKING_NAP, calm=BLOCKING_NAP),
    Case(name="100 ms, the single run nothing", busy=NAP, calm=NOTHING),
)


def show(base: Path | None) -> None:
    """Measure and print the durations, each case on a server of its own."""
    for case in CASES:
        with tempfile.TemporaryDirectory(dir=base) as name:
            folder = Path(name)
            (folder / "naps.py").write_text(FUNCTIONS, encoding="utf-8")
            with baton_dev(folder, "--functions", "naps.py") as server:
                both = Server(url=server.url, token=_token(folder))
                asyncio.run(_compare(case, both))


def _token(folder: Path) -> str:
    """Return a token for both tenants of the server whose data are in `folder`."""
    command = ("token", "--tenant", BUSY, "--tenant", CALM, "--data", str(folder / "baton-data"))
    done = subprocess.run(
        [sys.executable, "-m", "baton", *command],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MeasurementFailed(done.stderr)
    return done.stdout.strip()


async def _compare(case: Case, server: Server) -> None:
    connection = await server.connect()
    calm = await _define(server, connection, CALM, case.calm, steps=3)
    busy = await _define(server, connection, BUSY, case.busy, steps=1)
    await _one_by_one(server, connection, calm, _WARM_UP)
    alone = await _one_by_one(server, connection, calm, SINGLE_RUNS)
    before = await _completed(server, connection, busy)
    async with asyncio.TaskGroup() as group:
        for number in range(_CONNECTIONS):
            group.create_task(_start(server, busy, len(range(number, RUNS, _CONNECTIONS))))
        await asyncio.sleep(_HEAD_START_S)
        beside = await _one_by_one(server, connection, calm, SINGLE_RUNS)
        left = RUNS - (await _completed(server, connection, busy) - before)
    connection.close()
    _print(case, alone, beside, left)


def _print(case: Case, alone: Sequence[float], beside: Sequence[float], left: int) -> None:
    before, now = statistics.median(alone), statistics.median(beside)
    sys.stdout.write(
        f"{case.name:31} alone {before:6.1f} ms, beside {RUNS:,} runs {now:6.1f} ms"
        f" (at most {max(beside):.1f} ms): {now / before:.2f} ×; {left:,} of them were left\n"
    )
    sys.stdout.flush()


def _runs(definition: tuple[str, str]) -> str:
    """Return the path of the runs of a definition, which is named by its tenant and its id."""
    tenant, ident = definition
    return f"/orchestration/ws/{tenant}/api/v1/orchestrations/{ident}/runs"


async def _define(
    server: Server, connection: Connection, tenant: str, function: str, *, steps: int
) -> tuple[str, str]:
    ids = [f"step-{number}" for number in range(steps)]
    listed: list[dict[str, Any]] = [
        {"id": one, "type": "compute", "functionId": function} for one in ids
    ]
    for step, after in zip(listed, ids[1:], strict=False):
        step["onSuccess"] = {"nextStepId": after}
    body = {
        "slug": "naps",
        "name": "Naps",
        "trigger": {"type": "on-demand"},
        "steps": listed,
    }
    path = f"/orchestration/ws/{tenant}/api/v1/orchestrations"
    return tenant, (await _ask(server, connection, "POST", path, body, expected=_CREATED))["id"]


async def _start(server: Server, definition: tuple[str, str], runs: int) -> None:
    """Start runs one by one on a connection of its own."""
    connection = await server.connect()
    request = server.request("POST", _runs(definition), {}, prefer="respond-async")
    for _ in range(runs):
        answer = await connection.ask(request)
        if answer.status != _CREATED:
            raise MeasurementFailed(f"{answer.status} {answer.body!r}")
    connection.close()


async def _one_by_one(
    server: Server, connection: Connection, definition: tuple[str, str], runs: int
) -> list[float]:
    """Return how long each of the runs took, from its start until it was shown as completed."""
    took_ms = []
    for _ in range(runs):
        began = time.perf_counter()
        run = await _ask(server, connection, "POST", _runs(definition), {}, expected=_CREATED)
        request = server.request("GET", f"{_runs(definition)}/{run['id']}", prefer="wait=10")
        while (await connection.ask(request)).json()["status"] != "completed":
            pass
        took_ms.append((time.perf_counter() - began) * 1_000)
    return took_ms


async def _completed(server: Server, connection: Connection, definition: tuple[str, str]) -> int:
    path = f"{_runs(definition)}?status=completed&pageSize=1"
    total: int = (await _ask(server, connection, "GET", path))["meta"]["total"]
    return total


async def _ask(
    server: Server,
    connection: Connection,
    method: str,
    path: str,
    body: object = None,
    *,
    expected: int = 200,
) -> Any:
    answer = await connection.ask(server.request(method, path, body))
    if answer.status != expected:
        raise MeasurementFailed(f"{answer.status} {answer.body!r}")
    return answer.json()
