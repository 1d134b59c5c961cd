"""`baton worker` processes on a real broker: one is killed or stopped, another takes its tasks."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from baton.domain.run.outcome import Succeeded
from baton.eventlog.clock import SystemClock
from baton.eventlog.ports.backend import Stores
from baton.executor.functions.registered_functions import RegisteredFunctions
from baton.executor.functions.registry import Registry
from baton.executor.workers.remote_workers import RemoteWorkers, queue_function
from tests.cli.processes import environment
from tests.conformance.deployments import topic_openers
from tests.executor.calls import a_call
from tests.kit.eventually import eventually
from tests.servers.kafka import server_url, topic_prefix_for

WAIT_S = 60
IN_AN_HOUR = 3_600_000
CONCURRENCY = 5

FUNCTIONS = '''
"""Writes a line when it starts, and returns once the file `gate` exists."""

import asyncio
from pathlib import Path

from baton import StepContext, function


@function("square")
async def square(payload: dict, context: StepContext) -> int:
    with Path("started").open("a") as started:
        started.write(f"{context.run_id}\\n")
    while not Path("gate").exists():
        await asyncio.sleep(0.02)
    return payload["input"] ** 2
'''


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    opened = await topic_openers()["kafka"](tmp_path)
    yield opened
    await opened.close()


@asynccontextmanager
async def functions_with_workers(
    stores: Stores, folder: Path
) -> AsyncIterator[RegisteredFunctions]:
    assert stores.topics is not None
    clock = SystemClock()
    registry = Registry()
    registry.add(queue_function("square", "numbers"))
    remote = RemoteWorkers(stores.topics, prefix=topic_prefix_for(folder), clock=clock)
    functions = RegisteredFunctions(registry, clock=clock, remote=remote)
    try:
        yield functions
    finally:
        await functions.close()


@asynccontextmanager
async def worker_process(folder: Path) -> AsyncIterator[Process]:
    (folder / "jobs.py").write_text(FUNCTIONS)
    known = {"BATON_LOG": server_url(), "BATON_TOPIC_PREFIX": topic_prefix_for(folder)}
    with (folder / "worker.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "baton", "worker", "--queue", "numbers"),
            *("--functions", "jobs.py", "--concurrency", str(CONCURRENCY)),
            cwd=folder,
            env=environment(known),
            stdout=PIPE,
            stderr=log,
        )
    try:
        assert process.stdout is not None
        printed = await asyncio.wait_for(process.stdout.readline(), WAIT_S)
        assert printed == b"Baton worker performs square for numbers\n", log_of(folder)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def log_of(folder: Path) -> str:
    return (folder / "worker.log").read_text()


def started(folder: Path) -> Counter[str]:
    path = folder / "started"
    return Counter(path.read_text().splitlines() if path.exists() else ())


async def address_of(worker: Process) -> str:
    """Return the address at which a worker answers, which its second line says."""
    assert worker.stdout is not None
    printed = (await asyncio.wait_for(worker.stdout.readline(), WAIT_S)).decode()
    return printed.removeprefix("Baton worker answers at ").strip()


async def wait_until_started(folder: Path, count: int) -> None:
    await eventually(
        lambda: len(started(folder)) == count, within_s=WAIT_S, explain=lambda: log_of(folder)
    )


def call(functions: RegisteredFunctions, *numbers: int) -> list[asyncio.Task[object]]:
    deadline_at = SystemClock().now() + IN_AN_HOUR
    return [
        asyncio.create_task(
            functions.call(
                a_call("square", input=number, run_id=f"{number:020d}", deadline_at=deadline_at)
            )
        )
        for number in numbers
    ]


async def test_the_tasks_of_a_killed_worker_are_performed_by_another(
    stores: Stores, tmp_path: Path
) -> None:
    async with functions_with_workers(stores, tmp_path) as functions:
        pending = call(functions, *range(40))
        async with worker_process(tmp_path) as killed:
            await wait_until_started(tmp_path, CONCURRENCY)
            killed.kill()
            assert await killed.wait() == -signal.SIGKILL
        (tmp_path / "gate").touch()
        async with worker_process(tmp_path):
            found = await asyncio.wait_for(asyncio.gather(*pending), WAIT_S)

    assert found == [Succeeded(output=number**2) for number in range(40)]
    assert sorted(Counter(started(tmp_path).values()).items()) == [
        (1, 40 - CONCURRENCY),
        (2, CONCURRENCY),
    ]


async def test_a_stopped_worker_finishes_its_tasks_and_acknowledges_them(
    stores: Stores, tmp_path: Path
) -> None:
    async with functions_with_workers(stores, tmp_path) as functions:
        async with worker_process(tmp_path) as stopped:
            pending = call(functions, *range(CONCURRENCY))
            await wait_until_started(tmp_path, CONCURRENCY)
            stopped.send_signal(signal.SIGTERM)
            (tmp_path / "gate").touch()
            assert await asyncio.wait_for(stopped.wait(), WAIT_S) == 0, log_of(tmp_path)
            found = await asyncio.wait_for(asyncio.gather(*pending), WAIT_S)
        async with worker_process(tmp_path):
            later = await asyncio.wait_for(asyncio.gather(*call(functions, 99)), WAIT_S)

    assert found == [Succeeded(output=number**2) for number in range(CONCURRENCY)]
    assert later == [Succeeded(output=99**2)]
    assert set(started(tmp_path).values()) == {1}


async def test_a_worker_shows_its_health_and_the_waits_of_tasks(
    stores: Stores, tmp_path: Path
) -> None:
    (tmp_path / "gate").touch()
    async with functions_with_workers(stores, tmp_path) as functions:
        pending = call(functions, *range(3))
        async with worker_process(tmp_path) as process, aiohttp.ClientSession() as session:
            url = await address_of(process)
            await asyncio.wait_for(asyncio.gather(*pending), WAIT_S)

            async def answer(path: str) -> str:
                async with session.get(f"{url}{path}") as response:
                    return await response.text() if response.status == 200 else ""

            ready = await eventually(lambda: answer("/readyz"), within_s=WAIT_S)
            assert json.loads(ready)["checks"] == {"hung_threads": "ok", "log": "ok"}
            assert json.loads(await answer("/healthz")) == {"status": "ok"}
            metrics = await answer("/metrics")

    assert 'baton_worker_task_wait_seconds_count{function="square"} 3.0' in metrics
    assert 'baton_attempt_queue_seconds_count{function="square"} 3.0' in metrics
