"""`baton worker` as a process on a real broker: killed, stopped, and followed by another."""

import asyncio
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from baton.domain.run.messages import Succeeded
from baton.eventlog.clock import SystemClock
from baton.eventlog.ports.backend import Stores
from baton.executor.functions.registered_functions import RegisteredFunctions
from baton.executor.functions.registry import Registry
from baton.executor.workers.remote_workers import RemoteWorkers, queue_function
from tests.cli.processes import environment
from tests.conformance.deployments import topic_openers
from tests.executor.calls import a_call
from tests.servers.kafka import server_url, topic_prefix_for

WAIT_S = 60
IN_AN_HOUR = 3_600_000
AT_ONCE = 5

FUNCTIONS = '''
"""Leaves a line when it begins, and ends when the gate is open."""

import asyncio
from pathlib import Path

from baton import StepContext, function


@function("square")
async def square(payload: dict, context: StepContext) -> int:
    with Path("begun").open("a") as begun:
        begun.write(f"{context.run_id}\\n")
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
async def asking(stores: Stores, folder: Path) -> AsyncIterator[RegisteredFunctions]:
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
async def a_worker(folder: Path) -> AsyncIterator[Process]:
    (folder / "jobs.py").write_text(FUNCTIONS)
    known = {"BATON_LOG": server_url(), "BATON_TOPIC_PREFIX": topic_prefix_for(folder)}
    with (folder / "worker.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "baton", "worker", "--queue", "numbers"),
            *("--functions", "jobs.py", "--concurrency", str(AT_ONCE)),
            cwd=folder,
            env=environment(known),
            stdout=PIPE,
            stderr=log,
        )
    try:
        assert process.stdout is not None
        said = await asyncio.wait_for(process.stdout.readline(), WAIT_S)
        assert said == b"Baton worker performs square for numbers\n", log_of(folder)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def log_of(folder: Path) -> str:
    return (folder / "worker.log").read_text()


def begun(folder: Path) -> Counter[str]:
    path = folder / "begun"
    return Counter(path.read_text().splitlines() if path.exists() else ())


async def until(condition: Callable[[], bool], folder: Path) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, log_of(folder)
        await asyncio.sleep(0.02)


def ask(functions: RegisteredFunctions, *numbers: int) -> list[asyncio.Task[object]]:
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
    async with asking(stores, tmp_path) as functions:
        asked = ask(functions, *range(40))
        async with a_worker(tmp_path) as killed:
            await until(lambda: len(begun(tmp_path)) == AT_ONCE, tmp_path)
            killed.kill()
            assert await killed.wait() == -signal.SIGKILL
        (tmp_path / "gate").touch()
        async with a_worker(tmp_path):
            found = await asyncio.wait_for(asyncio.gather(*asked), WAIT_S)

    assert found == [Succeeded(output=number**2) for number in range(40)]
    assert sorted(Counter(begun(tmp_path).values()).items()) == [(1, 40 - AT_ONCE), (2, AT_ONCE)]


async def test_a_worker_that_is_stopped_ends_its_tasks_and_leaves_none_to_repeat(
    stores: Stores, tmp_path: Path
) -> None:
    async with asking(stores, tmp_path) as functions:
        async with a_worker(tmp_path) as stopped:
            asked = ask(functions, *range(AT_ONCE))
            await until(lambda: len(begun(tmp_path)) == AT_ONCE, tmp_path)
            stopped.send_signal(signal.SIGTERM)
            (tmp_path / "gate").touch()
            assert await asyncio.wait_for(stopped.wait(), WAIT_S) == 0, log_of(tmp_path)
            found = await asyncio.wait_for(asyncio.gather(*asked), WAIT_S)
        async with a_worker(tmp_path):
            later = await asyncio.wait_for(asyncio.gather(*ask(functions, 99)), WAIT_S)

    assert found == [Succeeded(output=number**2) for number in range(AT_ONCE)]
    assert later == [Succeeded(output=99**2)]
    assert set(begun(tmp_path).values()) == {1}
