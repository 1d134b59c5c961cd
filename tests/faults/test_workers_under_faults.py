"""A worker and a killed executor: each task has one outcome, that of its newest attempt."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.dialects.centrali_documents import compute, orchestration
from tests.faults.driver import ORCHESTRATIONS
from tests.kit.eventually import eventually
from tests.servers import kafka
from tests.servers.cluster import Cluster
from tests.servers.postgres import database_for
from tests.servers.service import Service

WAIT_S = 60
DEFINITION = orchestration("thumbnails", compute("resize", "thumbnail"))
DECLARED = '[functions.thumbnail]\nqueue = "images"\n'
FUNCTIONS = '''
"""Writes a line when it starts, and ends once the file `gate` exists."""

import asyncio
from pathlib import Path

from baton import StepContext, function


@function("thumbnail")
async def thumbnail(_payload: dict, context: StepContext) -> int:
    with Path("started").open("a") as started:
        started.write(f"{context.attempt}\\n")
    while not Path("gate").exists():
        await asyncio.sleep(0.02)
    return context.attempt
'''

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    log, prefix = kafka.server_url(), kafka.topic_prefix_for(tmp_path)
    (tmp_path / "baton.toml").write_text(DECLARED)
    (tmp_path / "images.py").write_text(FUNCTIONS)
    store = await database_for(tmp_path)
    async with Cluster(tmp_path, store=store, log=log, prefix=prefix) as services:
        await services.migrate()
        await services.start("api", "executor", "executor", "projector", "scheduler")
        yield services
        await services.stop()


@asynccontextmanager
async def a_worker(cluster: Cluster) -> AsyncIterator[Process]:
    with (cluster.folder / "worker.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "baton", "worker", "--queue", "images"),
            *("--functions", "images.py"),
            cwd=cluster.folder,
            env=cluster.environment,
            stdin=DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ask(cluster: Cluster, method: str, path: str, **members: Any) -> Any:
    url = f"{cluster.url}{ORCHESTRATIONS}{path}"
    async with aiohttp.request(method, url, headers=cluster.headers, **members) as answer:
        assert answer.status < 300, await answer.text()
        return await answer.json()


async def until(cluster: Cluster, condition: Callable[[], Awaitable[bool]]) -> None:
    await eventually(condition, within_s=WAIT_S, every_s=0.1, explain=cluster.log_tail)


async def refused(service: Service) -> float:
    return (await service.metrics())["baton_executor_worker_answers_refused_total"]


async def partitions_are_assigned(cluster: Cluster) -> bool:
    """Return whether both executors own partitions; a run that moves later starts again."""
    return all("gained partitions" in one.log_tail() for one in cluster.of("executor"))


async def performing(cluster: Cluster) -> Service:
    """Return the executor that sent the task."""
    counts = [(await one.metrics(), one) for one in cluster.of("executor")]
    (owner,) = [one for found, one in counts if found["baton_executor_steps_performed_total"]]
    return owner


async def test_the_result_for_a_killed_executor_is_refused_by_its_successor(
    cluster: Cluster,
) -> None:
    started = cluster.folder / "started"

    async def has_started(count: int) -> bool:
        return started.exists() and len(started.read_text().split()) == count

    async with a_worker(cluster):
        await until(cluster, lambda: partitions_are_assigned(cluster))
        definition = await ask(cluster, "POST", "", json=DEFINITION)
        run = await ask(cluster, "POST", f"/{definition['id']}/trigger", json={"input": None})
        await until(cluster, lambda: has_started(1))
        owner = await performing(cluster)
        await owner.kill()
        await until(cluster, lambda: has_started(2))
        (cluster.folder / "gate").touch()
        path = f"/{definition['id']}/runs/{run['id']}"

        async def has_completed() -> bool:
            return bool((await ask(cluster, "GET", path))["status"] == "completed")

        await until(cluster, has_completed)
        (successor,) = [one for one in cluster.of("executor") if one is not owner]

        async def was_refused() -> bool:
            return await refused(successor) == 1

        await until(cluster, was_refused)

    assert started.read_text().split() == ["1", "2"]
    assert (await ask(cluster, "GET", path))["stepOutputs"] == {"resize": 2}
