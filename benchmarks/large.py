"""Large values: the cost of an input of 1 MiB that goes through 1,000 steps.

Each step gets the whole input. With `noop` all steps succeed; with `echo` each returns the input
again, until the run fails at the limit of its data.
"""

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from benchmarks.load import TENANT
from benchmarks.server import Running, baton_dev

MIB: Final = 1024 * 1024
STEPS: Final = 1_000
FUNCTIONS: Final = ("noop", "echo")
_INPUT: Final = {"text": "x" * (MIB - 100)}
"""Together with the rest of its request as large as a body may be."""
_WAIT: Final = {"Prefer": "wait=60"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost of one run, in bytes.

    Attributes:
        function: The function of every step.
        status: The run's status at the end, with its reason if it failed.
        outputs: Steps that succeeded.
        store_bytes: Growth of the store's file and its write-ahead log.
        answer_bytes: The answer to `GET …/runs/{id}`.
        steps_bytes: The same answer with `include=steps`.
        peak_rss_bytes: The server's largest resident memory so far.
    """

    function: str
    status: str
    outputs: int
    store_bytes: int
    answer_bytes: int
    steps_bytes: int
    peak_rss_bytes: int


def show(base: Path | None) -> None:
    """Measure and print the costs."""
    with tempfile.TemporaryDirectory(dir=base) as folder, baton_dev(Path(folder)) as server:
        data = Path(folder) / "baton-data"
        for function in FUNCTIONS:
            sys.stdout.write(_line(asyncio.run(_measure(server, data, function))))


def _line(cost: Cost) -> str:
    shown = (
        f"{cost.function} × {STEPS:,}: {cost.status}, {cost.outputs:,} outputs;"
        f" store {_mib(cost.store_bytes)}, answer {_mib(cost.answer_bytes)},"
        f" with steps {_mib(cost.steps_bytes)}, peak memory {_mib(cost.peak_rss_bytes)}"
    )
    return f"{shown}\n"


def _mib(size: int) -> str:
    return f"{size / MIB:.2f} MiB"


async def _measure(server: Running, data: Path, function: str) -> Cost:
    before = _store_bytes(data)
    base = f"{server.url}/orchestration/ws/{TENANT}/api/v1/orchestrations"
    headers = {"Authorization": f"Bearer {server.token}"}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:
        created = await _json(session.post(base, json=_definition(function)))
        runs = f"{base}/{created['id']}/runs"
        started = await _json(session.post(runs, json={"input": _INPUT}))
        url = f"{runs}/{started['id']}"
        while (run := await _json(session.get(url, headers=_WAIT)))["status"] == "running":
            pass
        async with session.get(url) as answer, session.get(f"{url}?include=steps") as with_steps:
            sizes = len(await answer.read()), len(await with_steps.read())
    return Cost(
        function=function,
        status=" ".join((run["status"], run.get("failureReason", "").partition(":")[0])).strip(),
        outputs=len(run["stepOutputs"]),
        store_bytes=_store_bytes(data) - before,
        answer_bytes=sizes[0],
        steps_bytes=sizes[1],
        peak_rss_bytes=_peak_rss_bytes(server.pid),
    )


async def _json(request: Any) -> Any:
    async with request as answer:
        return await answer.json()


def _definition(function: str) -> dict[str, object]:
    steps = [
        {"id": f"s{n}", "type": "compute", "functionId": function, "nextStepId": f"s{n + 1}"}
        for n in range(STEPS - 1)
    ]
    last = {"id": f"s{STEPS - 1}", "type": "compute", "functionId": function}
    return {
        "slug": f"large-{function}",
        "name": f"Large {function}",
        "trigger": {"type": "on-demand"},
        "steps": [*steps, last],
    }


def _store_bytes(data: Path) -> int:
    return sum(path.stat().st_size for path in data.glob("*.db*"))


def _peak_rss_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (one for one in status.splitlines() if one.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
