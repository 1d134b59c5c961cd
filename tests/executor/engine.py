"""An executor with real functions, on a memory store and the real clock."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Compute, Graph, Retry
from baton.domain.definition.messages import Body, CreateDefinition
from baton.domain.definition.trigger import ManualTrigger
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import Event
from baton.domain.run.messages.commands import CancelRun, RequestRun
from baton.domain.run.state import State
from baton.domain.run.trigger import BY_HAND
from baton.domain.stream import stream_name
from baton.eventlog.clock import SystemClock
from baton.eventlog.function_logs.live_logs import LiveLogs
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.load import load
from baton.eventlog.loops.server_hold import ServerHold
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.backend import Stores
from baton.eventlog.run_values import RunValues
from baton.executor.executor import Executor, Limits
from baton.executor.functions.registered_functions import RegisteredFunctions
from baton.executor.runs.attempt_logs import AttemptLogs
from tests.backends.memory import open_stores
from tests.executor.calls import functions_of
from tests.kit.actors import ANN
from tests.kit.eventually import eventually

CLOCK = SystemClock()


class Engine:
    """The executor, its functions, and commands for its runs of tenant "acme"."""

    def __init__(
        self,
        stores: Stores,
        functions: RegisteredFunctions,
        logs: AttemptLogs,
        limits: Limits | None = None,
    ) -> None:
        self.stores = stores
        self.store = stores.events
        self.functions = functions
        self.executor = Executor(
            stores.events,
            functions,
            clock=CLOCK,
            rng=Random(1),
            hold=ServerHold(stores.events, stores.checkpoints, CLOCK),
            values=RunValues(stores.artifacts),
            logs=logs,
            limits=limits,
        )

    async def start(
        self,
        name: str,
        *,
        timeout_ms: int = 60_000,
        count: int = 1,
        attempts: int = 1,
        tenant: str = "acme",
        further: tuple[str, ...] = (),
    ) -> list[str]:
        """Request `count` runs of one step that calls function `name`; return their ids.

        Steps with the ids of `further` follow it, which call the same function.
        """
        retry = Retry(max_attempts=attempts, backoff_ms=0) if attempts > 1 else None
        one = Compute(id="only", function=name, timeout_ms=timeout_ms, retry=retry)
        steps = tuple(
            replace(one, id=step, next=after)
            for step, after in zip(("only", *further), (*further, None), strict=True)
        )
        body = Body(name=name, trigger=ManualTrigger(), graph=Graph(steps=steps))
        create = CreateDefinition(
            tenant=tenant, definition_id=name, slug=name, body=body, actor=ANN, at=1
        )
        stream = stream_name(tenant, "definition", name)
        definition = (await transact(self.store, DEFINITION, stream, create)).state
        ids = [f"{name}-{number}" for number in range(count)]
        for run_id in ids:
            request = RequestRun(
                run_id=run_id, definition=definition, trigger=BY_HAND, actor=ANN, at=CLOCK.now()
            )
            await transact(self.store, RUN, stream_name(tenant, "run", run_id), request)
        return ids

    async def cancel(self, run_id: str) -> None:
        await transact(self.store, RUN, _stream(run_id), CancelRun(actor=ANN, at=CLOCK.now()))

    async def run(self, run_id: str) -> State:
        return (await load(self.store, RUN, _stream(run_id))).state

    async def events(self, run_id: str) -> list[Event]:
        """Return the events of a run."""
        history: list[Any] = [one.event for one in await self.store.read(_stream(run_id))]
        return history

    async def ended(self, ids: list[str]) -> list[State]:
        async def found() -> list[State] | None:
            runs = [await self.run(one) for one in ids]
            return runs if all(run.final for run in runs) else None

        runs = await eventually(found, within_s=20)
        assert runs is not None
        return runs


def _stream(run_id: str) -> str:
    return stream_name("acme", "run", run_id)


@asynccontextmanager
async def engine_of(
    *known: Callable[..., object], tasks: Limits | None = None, **options: Any
) -> AsyncIterator[Engine]:
    """Yield an engine with the marked functions.

    Args:
        known: The functions.
        tasks: The limits of the executor.
        options: Those of `functions_of`.
    """
    stores = await open_stores(Path())
    logs = AttemptLogs(stores.events, RunValues(stores.artifacts), LiveLogs(), clock=CLOCK)
    async with functions_of(*known, clock=CLOCK, logs=logs, **options) as functions:
        engine = Engine(stores, functions, logs, tasks)
        subscription = await stores.log.subscribe("executor", after=0)
        following = asyncio.create_task(follow(subscription, engine.executor.handle, clock=CLOCK))
        try:
            yield engine
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await engine.executor.stop(grace_s=0)
    await stores.close()
