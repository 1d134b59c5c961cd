"""Access: the cost of a request with an API key, compared with that of a request with a token.

One server answers both in turn, and the order of a pair changes with each round. The request is the
cheapest that needs a credential, so that the difference is as large a share as it can be. The
figures are medians of the rounds; the ratio is the median of the pairs.
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
from typing import Final

from benchmarks.distributed.usage import cpu_seconds
from benchmarks.http_client import Server
from benchmarks.load import TENANT
from benchmarks.processes import MeasurementFailed, environment
from benchmarks.server import Running, baton_dev

ROUNDS: Final = 9
SECONDS: Final = 3.0
CONNECTIONS: Final = 4
PATH: Final = f"/artifacts/{'0' * 64}"
"""A look-up by primary key that finds nothing."""
_FOUND_NOTHING: Final = 404
_CREATE: Final = ("apikey", "create", "--tenant", TENANT, "--name", "benchmark")


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of one request: between its start and its end, and of the server's processor."""

    elapsed: float
    processor: float


def show(base: Path | None) -> None:
    """Measure and print the costs."""
    with tempfile.TemporaryDirectory(dir=base) as folder, baton_dev(Path(folder)) as server:
        key = _created_key(Path(folder))
        asyncio.run(_compare(server, key))


def _created_key(folder: Path) -> str:
    """Create an API key beside the running server and return its text."""
    done = subprocess.run(
        [sys.executable, "-m", "baton", *_CREATE, "--data", str(folder / "baton-data")],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MeasurementFailed(done.stderr)
    return done.stdout.splitlines()[-1]


async def _compare(server: Running, key: str) -> None:
    subjects = {"token": server.token, "key": key}
    for credential in subjects.values():
        await _measure(server, credential, SECONDS / 3)  # warms up
    costs: dict[str, list[Cost]] = {name: [] for name in subjects}
    for number in range(ROUNDS):
        order = list(subjects) if number % 2 else list(reversed(subjects))
        for name in order:
            costs[name].append(await _measure(server, subjects[name], SECONDS))
    for name, found in costs.items():
        elapsed = statistics.median(one.elapsed for one in found)
        processor = statistics.median(one.processor for one in found)
        sys.stdout.write(f"{name:5} {elapsed:7.1f} µs, processor {processor:7.1f} µs a request\n")
    sys.stdout.write(_ratio(costs["token"], costs["key"]))


def _ratio(tokens: Sequence[Cost], keys: Sequence[Cost]) -> str:
    pairs = list(zip(tokens, keys, strict=True))
    elapsed = statistics.median(key.elapsed / token.elapsed for token, key in pairs)
    processor = statistics.median(key.processor / token.processor for token, key in pairs)
    return f"a key costs {elapsed:.3f} × the time and {processor:.3f} × the processor of a token\n"


async def _measure(server: Running, credential: str, seconds: float) -> Cost:
    """Send requests over every connection for `seconds`; return the cost of one."""
    client = Server(url=server.url, token=credential)
    request = client.request("GET", PATH)
    until = time.perf_counter() + seconds
    before, begun = _processor_s(server.pid), time.perf_counter()
    counts = await asyncio.gather(*(_ask(client, request, until) for _ in range(CONNECTIONS)))
    elapsed, processor = time.perf_counter() - begun, _processor_s(server.pid) - before
    requests = sum(counts)
    return Cost(
        elapsed=CONNECTIONS * elapsed * 1e6 / requests, processor=processor * 1e6 / requests
    )


async def _ask(client: Server, request: bytes, until: float) -> int:
    """Return the number of requests that one connection has sent until then."""
    connection, count = await client.connect(), 0
    while time.perf_counter() < until:
        answer = await connection.ask(request)
        if answer.status != _FOUND_NOTHING:
            raise MeasurementFailed(f"{answer.status} {answer.body!r}")
        count += 1
    connection.close()
    return count


def _processor_s(pid: int) -> float:
    return cpu_seconds({"server": (pid,)})["server"]
