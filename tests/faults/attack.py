"""A server under attack beside a well-behaved tenant: `make attack SECONDS=60`.

Measures the tenant's POST …/runs without and with the attack, the memory of the server's processes,
and what was logged.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp

from baton.cli.make_token import sign_token
from baton.keys import jwt_secrets
from baton.settings import Settings
from tests.dialects.centrali_documents import compute, orchestration
from tests.faults.server import ROOT, Installation
from tests.kit.eventually import NotInTime, eventually

RATE_PER_S = 20
BASE = "/orchestration/api/v1/workspaces"
RECOVERY_S = 30.0

MAX_SLOWDOWN = 3.0
MAX_GROWTH_MB = 150.0
MAX_LOG_BYTES = 1_000_000
SETTLED_MB = 40.0
"""Growth that is left afterwards: the views and caches of the runs that were started."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Times in ms, memory in MB, `refused` counts the tenant's answers other than 201."""

    calm_p50: float
    calm_p99: float
    attacked_p50: float
    attacked_p99: float
    refused: int
    before_mb: float
    peak_mb: float
    after_mb: float
    log_bytes: int
    tracebacks: int
    answers: dict[str, int]


async def measure(folder: Path, *, seconds: float) -> Figures:
    """Run the attack on a server of its own in `folder`."""
    async with Installation(folder) as server:
        await server.start()
        try:
            return await _measure(server, seconds)
        finally:
            if server.process is not None:
                await server.stop()


async def _measure(server: Installation, seconds: float) -> Figures:
    secret = jwt_secrets(Settings(data=server.data), create=False)[0]
    good, bad = _token(secret, "good"), _token(secret, "bad")
    async with aiohttp.ClientSession(base_url=server.url) as session:
        start = await _define(session, "good", good)
        job = {
            "url": server.url,
            "seconds": seconds,
            "hook": await _define(session, "bad", bad, hook=True),
            "start": await _define(session, "bad", bad),
            "token": bad,
        }
        tenant = _Tenant(session, start, good)
        await tenant.start_runs(2)
        calm = await tenant.start_runs(max(3.0, seconds / 3))
        before = _memory_mb(server)
        attackers = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.attackers", json.dumps(job)),
            cwd=ROOT,
            env=server.own_environment,
            stdout=asyncio.subprocess.PIPE,
        )
        memory = asyncio.create_task(_peak(server))
        attacked = await tenant.start_runs(seconds)
        answers, _ = await attackers.communicate()
        peak = await _stopped(memory)
        after = await _settled(server, before + SETTLED_MB)
    log = server.log_file.read_text(encoding="utf-8", errors="replace")
    return Figures(
        calm_p50=_percentile(calm, 50),
        calm_p99=_percentile(calm, 99),
        attacked_p50=_percentile(attacked, 50),
        attacked_p99=_percentile(attacked, 99),
        refused=tenant.refused,
        before_mb=before,
        peak_mb=peak,
        after_mb=after,
        log_bytes=len(log),
        tracebacks=log.count("Traceback"),
        answers=json.loads(answers),
    )


@dataclass
class _Tenant:
    """Starts runs at a steady rate, and keeps the time of each answer."""

    session: aiohttp.ClientSession
    start: str
    token: str
    refused: int = 0

    async def start_runs(self, seconds: float) -> list[float]:
        times: list[float] = []
        async with asyncio.TaskGroup() as group:
            for _ in range(int(seconds * RATE_PER_S)):
                group.create_task(self._start(times))
                await asyncio.sleep(1 / RATE_PER_S)
        return times

    async def _start(self, times: list[float]) -> None:
        began = time.perf_counter()
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.post(self.start, json={"input": {}}, headers=headers) as answer:
            await answer.read()
            self.refused += answer.status != 201
        times.append((time.perf_counter() - began) * 1_000)


async def _define(
    session: aiohttp.ClientSession, tenant: str, token: str, *, hook: bool = False
) -> str:
    """Create a definition with one step; return the path that starts it."""
    trigger = {"type": "http-trigger", "webhookPath": "open"} if hook else {"type": "on-demand"}
    slug = "hooked" if hook else "by-hand"
    body = orchestration(slug, compute(function="noop"), trigger=trigger)
    headers = {"Authorization": f"Bearer {token}"}
    path = f"{BASE}/{tenant}/orchestrations"
    async with session.post(path, json=body, headers=headers) as answer:
        shown = await answer.json()
        assert answer.status == 201, shown
    ident = shown.get("id") or shown["data"]["id"]
    return f"{path}/{ident}/webhook" if hook else f"{path}/{ident}/trigger"


def _token(secret: str, tenant: str) -> str:
    scope = "orchestrator:read orchestrator:write"
    exp = int(time.time()) + 3_600
    return sign_token(secret, sub=tenant, tenant=tenant, scope=scope, exp=exp)


def _percentile(times: list[float], percent: int) -> float:
    return round(statistics.quantiles(times, n=100)[percent - 1], 1)


def _memory_mb(server: Installation) -> float:
    return sum(_resident_mb(pid) for pid in (server.running.pid, *server.writers))


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4_096 / 1_000_000


async def _peak(server: Installation) -> float:
    peak = 0.0
    try:
        while True:
            peak = max(peak, _memory_mb(server))
            await asyncio.sleep(0.1)
    except asyncio.CancelledError:
        return peak


async def _stopped(task: asyncio.Task[float]) -> float:
    task.cancel()
    return await task


async def _settled(server: Installation, below_mb: float) -> float:
    """Wait until the memory is back, or RECOVERY_S have passed; return it."""
    with suppress(NotInTime):
        await eventually(lambda: _memory_mb(server) <= below_mb, within_s=RECOVERY_S, every_s=0.5)
    return _memory_mb(server)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="baton-attack-") as folder:
        figures = asyncio.run(measure(Path(folder), seconds=seconds))
    failures = faults_of(figures)
    sys.stdout.write(json.dumps(asdict(figures), indent=2) + "\n")
    sys.stdout.write(("\n".join(failures) or "held") + "\n")
    sys.exit(bool(failures))


def faults_of(figures: Figures) -> list[str]:
    """Return each expectation that did not hold."""
    held = {
        "the tenant was refused": figures.refused == 0,
        "the tenant's p99 grew too much": (figures.attacked_p99 <= MAX_SLOWDOWN * figures.calm_p99),
        "the memory grew too much": figures.peak_mb - figures.before_mb <= MAX_GROWTH_MB,
        "the memory did not come back": figures.after_mb - figures.before_mb <= SETTLED_MB,
        "the log was flooded": figures.log_bytes <= MAX_LOG_BYTES,
        "a traceback was logged": figures.tracebacks == 0,
    }
    return [fault for fault, holds in held.items() if not holds]


if __name__ == "__main__":
    main()
