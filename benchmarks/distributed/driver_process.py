"""Starts runs in bulk: `python -m benchmarks.distributed.driver_process TASK`.

This process starts the runs with the command that the API uses, and the services execute them. A
load ends when the views have reached its last event.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from baton.domain.definition.state import State as Definition
from baton.domain.stream import stream_name
from benchmarks.distributed.commands import Commands, commands_on
from benchmarks.distributed.completions import Completions, completions
from benchmarks.distributed.load import LoadResult, Task, task_from
from benchmarks.distributed.usage import Pids, cpu_seconds, spent
from benchmarks.engine import RunWentWrong
from benchmarks.load import TENANT, Load, Measured, Quota, quantile
from benchmarks.processes import print_json, rss_mib

_CAUGHT_UP_WITHIN_S = 120.0
_LOOK_AGAIN_S = 0.005

Put = Callable[[Load], Awaitable[Measured]]


class Driver:
    """Starts runs and waits for their completion."""

    def __init__(self, commands: Commands, over: Completions) -> None:
        self._commands = commands
        self._over = over
        self._took_ms: list[float] = []
        self.over_ms = 0

    async def drive(self, definition: Definition, load: Load) -> Measured:
        """Run `load` on the services."""
        self._took_ms = []
        quota, begun = Quota(load), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(load.in_flight):
                group.create_task(self._keep_starting(definition, quota))
        self.over_ms = self._commands.services.clock.now()
        await self._views_hold_all()
        return Measured(
            runs=quota.started,
            steps=quota.started * load.of.steps,
            seconds=time.perf_counter() - begun,
            cpu_seconds=0.0,
            rss_mib=rss_mib(),
            p50_ms=quantile(self._took_ms, 0.5),
            p99_ms=quantile(self._took_ms, 0.99),
        )

    async def _keep_starting(self, definition: Definition, quota: Quota) -> None:
        commands = self._commands
        while quota.take():
            begun = time.perf_counter()
            run_id = commands.services.new_id()
            over = self._over.of(stream_name(TENANT, "run", run_id))
            await commands.start(definition, run_id, quota.started)
            await over
            self._took_ms.append((time.perf_counter() - begun) * 1_000)

    async def _views_hold_all(self) -> None:
        stores = self._commands.stores
        head = await stores.events.head()
        until = time.perf_counter() + _CAUGHT_UP_WITHIN_S
        while await stores.views.checkpoint() < head:
            if time.perf_counter() > until:
                raise RunWentWrong("the views don't catch up")
            await asyncio.sleep(_LOOK_AGAIN_S)


async def told_of(load: Load, put: Put, pids: Pids, driver: Driver) -> LoadResult:
    """Run a load and measure the processor time of every process."""
    looked_at = {**pids, "driver": (os.getpid(),)}
    before = cpu_seconds(looked_at)
    measured = await put(load)
    cpu = spent(before, cpu_seconds(looked_at))
    return LoadResult(measured=measured, cpu=cpu, over_ms=driver.over_ms)


async def done(task: Task) -> list[LoadResult]:
    """Run the loads one after the other."""
    async with AsyncExitStack() as opened:
        commands = await opened.enter_async_context(commands_on(task.store, Path.cwd()))
        driver = Driver(commands, await opened.enter_async_context(completions(task.store)))
        known: Mapping[str, Definition] = {
            shape: await commands.definition(task.definitions[shape])
            for shape in {load.shape for load in task.loads}
        }

        async def put(load: Load) -> Measured:
            return await driver.drive(known[load.shape], load)

        return [await told_of(load, put, task.pids, driver) for load in task.loads]
    raise AssertionError  # nothing above swallows an exception


if __name__ == "__main__":
    asked = task_from(json.loads(sys.argv[1]))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print_json(runner.run(done(asked)))
