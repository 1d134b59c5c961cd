"""Baton's engine: all roles in this process on SQLite; runs start as they do in the API."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from baton.command_api.commands import NewDefinition, create_definition, start_run
from baton.command_api.principal import Principal
from baton.domain.definition.messages import Body
from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import ManualTrigger
from baton.domain.run.messages.commands import RequestRun
from baton.domain.run.messages.run_events import RunCompleted, RunFailed
from baton.domain.run.trigger import BY_HAND
from baton.domain.stream import stream_name
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.follow import follow
from baton.process import Process
from baton.settings import Settings
from baton.wiring import run_roles
from benchmarks.load import TENANT, Load, Measured, Quota, quantile
from benchmarks.processes import rss_mib
from benchmarks.shapes import Shape

_CAUGHT_UP_MS = 120_000
_PRINCIPAL = Principal(subject="bench", tenant=TENANT)


class RunWentWrong(Exception):
    """A run whose steps do nothing failed, so nothing can be measured."""


def settings_in(folder: Path) -> Settings:
    """Return the settings of an installation in `folder`, on a free port."""
    return Settings(
        data=folder, port=0, jwt_secret=SecretStr("only-for-this-benchmark-" + "0" * 32)
    )


@asynccontextmanager
async def engine(folder: Path) -> AsyncIterator["Engine"]:
    """Run every role until the block ends."""
    async with run_roles(settings_in(folder)) as process:
        await process.ready()
        context = process.context
        subscription = await context.stores.log.subscribe(
            "benchmark", after=await context.stores.events.head()
        )
        it = Engine(process)
        watch = asyncio.create_task(follow(subscription, it.watch, clock=context.clock))
        try:
            yield it
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)


class Engine:
    """Starts runs and waits for their completion."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._services, self._stores = process.services, process.context.stores
        self._open: dict[str, asyncio.Future[None]] = {}
        self._took_ms: list[float] = []

    async def define(self, shape: Shape) -> Definition:
        """Create the definition of a shape."""
        body = Body(name=shape.name, trigger=ManualTrigger(), graph=shape.graph())
        services = self._services
        new = NewDefinition(definition_id=services.new_id(), slug=shape.name, body=body)
        created = await create_definition(services, _PRINCIPAL, new, at=services.clock.now())
        return created.state

    async def drive(self, definition: Definition, load: Load) -> Measured:
        """Run `load`; it ends when the views have reached its last event."""
        self._took_ms = []
        quota, begun, cpu = Quota(load), time.perf_counter(), time.process_time()
        async with asyncio.TaskGroup() as group:
            for _ in range(load.in_flight):
                group.create_task(self._keep_starting(definition, quota))
        head = await self._stores.events.head()
        if not await self._services.reached(head, _CAUGHT_UP_MS):
            raise RunWentWrong("the views don't catch up")
        return Measured(
            runs=quota.started,
            steps=quota.started * load.of.steps,
            seconds=time.perf_counter() - begun,
            cpu_seconds=time.process_time() - cpu,
            rss_mib=rss_mib(),
            p50_ms=quantile(self._took_ms, 0.5),
            p99_ms=quantile(self._took_ms, 0.99),
        )

    async def watch(self, batch: Sequence[Recorded]) -> None:
        """Complete the futures of runs that have ended."""
        for recorded in batch:
            if isinstance(recorded.event, RunCompleted):
                self._open.pop(recorded.stream).set_result(None)
            elif isinstance(recorded.event, RunFailed):
                failure = RunWentWrong(recorded.event.error.message)
                self._open.pop(recorded.stream).set_exception(failure)

    async def _keep_starting(self, definition: Definition, quota: Quota) -> None:
        services = self._services
        while quota.take():
            begun = time.perf_counter()
            command = RequestRun(
                run_id=services.new_id(),
                definition=definition,
                trigger=BY_HAND,
                actor=_PRINCIPAL.actor,
                at=services.clock.now(),
                input={"number": quota.started},
            )
            over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._open[stream_name(TENANT, "run", command.run_id)] = over
            await start_run(services, command)
            await over
            self._took_ms.append((time.perf_counter() - begun) * 1_000)
