"""The jobs of backtests: one at a time, stopped, killed, and forgotten."""

import asyncio
import multiprocessing
import os
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from baton.command_api.backtest_jobs import (
    KEPT_MS,
    KEPT_OF_TENANT,
    BacktestJobs,
    BacktestRequest,
    Job,
)
from baton.domain.backtest.candidate import candidate_of
from baton.eventlog.backtests.selection import RunSelection
from baton.eventlog.events.envelope import Stored
from baton.eventlog.ports.audit.leaf_store import LeafStore
from baton.eventlog.ports.backend import Stores
from baton.eventlog.run_values import RunValues
from tests.api.running import running
from tests.backends.memory import open_stores
from tests.kit.clock import ManualClock
from tests.kit.definitions import TENANT, body, definition
from tests.kit.eventually import eventually
from tests.kit.recorded_runs import append_all, parcels, recorded_run, weigh
from tests.kit.stack import bearer

RECORDED = definition(parcels())
DOCUMENT = {"name": "Parcels", "steps": [{"id": "weigh", "function": "do-weigh"}]}
RUNS = 600
WITHIN_S = 60
"""The deadline of jobs: a process takes a while to start on a busy machine."""
FIRST_PAGES = 3_000
"""Events that a gate lets through."""


def request(tenant: str = TENANT, ids: frozenset[str] | None = None) -> BacktestRequest:
    return BacktestRequest(
        selection=RunSelection(tenant=tenant, definition_id="d1", ids=ids),
        candidate=candidate_of(RECORDED, body(parcels("lt"))),
        name="Parcels",
        slug="parcels",
    )


class GatedLeaves:
    """The stored events; the second pass over them waits before the rest until `gate` is set."""

    def __init__(self, leaves: LeafStore) -> None:
        self.gate = asyncio.Event()
        self._leaves = leaves
        self._passes = 0

    async def newest(self) -> int:
        return await self._leaves.newest()

    async def events(self, *, after: int, limit: int) -> Sequence[Stored]:
        self._passes += after == 0
        if self._passes > 1 and after >= FIRST_PAGES:
            await self.gate.wait()
        return await self._leaves.events(after=after, limit=limit)


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    opened = await open_stores(tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def gated(stores: Stores) -> tuple[BacktestJobs, GatedLeaves]:
    """Return jobs over many recorded runs, which are held midway."""
    one = recorded_run(RECORDED, "r0", 150, function=weigh)
    await append_all(stores.events, TENANT, "run", {f"r{n}": one for n in range(RUNS)})
    leaves: Any = GatedLeaves(stores.leaves)
    return BacktestJobs(leaves, RunValues(stores.artifacts), ManualClock()), leaves


async def has_ended(job: Job) -> None:
    await eventually(lambda: job.ended, within_s=WITHIN_S, explain=lambda: f"the job is {job}")


async def midway(jobs: BacktestJobs) -> Job:
    """Start a job and return it once it has found something."""
    job = jobs.start("b1", request())
    assert job is not None
    await eventually(
        lambda: job.report.runs, within_s=WITHIN_S, explain=lambda: f"the job is {job}"
    )
    assert (job.status, job.total) == ("running", RUNS)
    return job


@pytest.mark.operations("baton", "stopBacktest")
async def test_a_tenant_has_one_backtest_at_a_time_and_may_stop_it(tmp_path: Path) -> None:
    stores = await open_stores(tmp_path)
    jobs = BacktestJobs(stores.leaves, RunValues(stores.artifacts), ManualClock(), at_once=0)
    async with running(tmp_path, backtests=jobs) as server:
        for tenant in (TENANT, "globex"):
            made = await server.post(
                "/definitions", {"slug": "parcels", **DOCUMENT}, headers=bearer(tenant=tenant)
            )
            assert made.status == 201, made.body

        async def start(tenant: str = TENANT) -> Any:
            return await server.post(
                "/definitions/parcels/backtests",
                {"definition": DOCUMENT},
                headers=bearer(tenant=tenant),
            )

        first, second, foreign = await start(), await start(), await start("globex")
        stopped = await server.post(f"/backtests/{first.body['id']}/stop")
        again = await start()
        shown = await server.get(f"/backtests/{first.body['id']}")

        assert (first.status, first.body["status"]) == (202, "queued")
        assert (second.status, second.body["error"]) == (409, "conflict")
        assert (foreign.status, again.status) == (202, 202)
        assert (stopped.status, stopped.body["status"]) == (200, "stopped")
        assert (shown.body["status"], shown.body["report"]["runs"]) == ("stopped", 0)
        await jobs.close()


async def test_a_stopped_job_keeps_its_findings(
    gated: tuple[BacktestJobs, GatedLeaves],
) -> None:
    jobs, _ = gated
    job = await midway(jobs)

    await jobs.stop(job)

    assert (job.status, job.failure) == ("stopped", None)
    assert 0 < job.report.counts["differs"] < RUNS
    await eventually(lambda: not multiprocessing.active_children(), within_s=WITHIN_S)


async def test_a_job_whose_process_is_killed_has_failed(
    gated: tuple[BacktestJobs, GatedLeaves],
) -> None:
    jobs, leaves = gated
    job = await midway(jobs)

    for process in multiprocessing.active_children():
        process.kill()
    leaves.gate.set()
    await has_ended(job)

    assert job.status == "failed"
    assert job.failure == "A process of the backtest crashed: start the backtest again"


async def test_a_resumed_job_replays_every_run(
    gated: tuple[BacktestJobs, GatedLeaves],
) -> None:
    jobs, leaves = gated
    job = await midway(jobs)

    leaves.gate.set()
    await has_ended(job)

    assert (job.status, job.report.counts["differs"]) == ("completed", RUNS)


async def test_ended_jobs_are_kept_for_a_while(stores: Stores) -> None:
    clock = ManualClock()
    jobs = BacktestJobs(stores.leaves, RunValues(stores.artifacts), clock)

    for number in range(KEPT_OF_TENANT + 2):
        job = jobs.start(f"b{number}", request(ids=frozenset()))
        assert job is not None
        await has_ended(job)
    kept = [number for number in range(KEPT_OF_TENANT + 2) if jobs.find(TENANT, f"b{number}")]

    assert kept == list(range(2, KEPT_OF_TENANT + 2))
    await clock.advance(KEPT_MS + 1)
    assert not any(jobs.find(TENANT, f"b{number}") for number in kept)


PARENT = """
import asyncio, multiprocessing
from baton.domain.backtest.candidate import candidate_of
from baton.eventlog.backtests.perform import performer
from tests.kit.definitions import body, definition

async def main():
    with performer(candidate_of(definition(body().graph), body()), 1) as perform:
        await perform([])
        print(multiprocessing.active_children()[0].pid, flush=True)
        await asyncio.Event().wait()

if __name__ == "__main__":
    asyncio.run(main())
"""


async def test_a_process_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(PARENT)
    search = os.pathsep.join(path for path in sys.path if path)
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        tmp_path / "parent.py",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": search},
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()
    status = Path(f"/proc/{child}/stat")

    await eventually(lambda: not status.exists() or status.read_text().split()[2] == "Z")
