"""A world of executors on a memory store, with functions whose calls the test ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Compute, Graph, Step
from baton.domain.definition.state import State as Definition
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import Command
from baton.domain.run.messages.commands import FireTimer
from baton.domain.run.outcome import Succeeded, Token
from baton.domain.run.state import State as Run
from baton.domain.stream import stream_name
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.load import load
from baton.eventlog.loops.server_hold import ServerHold
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.backend import Stores
from baton.eventlog.run_values import RunValues
from baton.executor.executor import Executor, Limits
from baton.executor.functions.call import Call, CallOutcome
from tests.backends.memory import open_stores
from tests.kit import definitions
from tests.kit.clock import ManualClock
from tests.kit.definitions import body, create_definition, request_run
from tests.kit.eventually import eventually


@dataclass(eq=False)
class ScriptedFunctions:
    """Held functions end when the test calls `end`; all others succeed with their name."""

    held: dict[str, asyncio.Future[CallOutcome]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    cancelled: list[Call] = field(default_factory=list)

    def hold(self, function: str) -> None:
        """Let calls of `function` wait for `end`."""
        self.held[function] = asyncio.get_running_loop().create_future()

    def end(self, function: str, outcome: CallOutcome) -> None:
        """End the calls of a held function, and all later ones, with `outcome`."""
        self.held[function].set_result(outcome)

    async def call(self, call: Call) -> CallOutcome:
        self.calls.append(call)
        if call.function not in self.held:
            return Succeeded(output=call.function)
        try:
            return await asyncio.shield(self.held[call.function])
        except asyncio.CancelledError:
            self.cancelled.append(call)
            raise

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(eq=False)
class World:
    """One store, one clock and one set of functions for any number of executors."""

    stores: Stores
    clock: ManualClock
    functions: ScriptedFunctions
    executors: list[Executor] = field(default_factory=list)
    following: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def values(self) -> RunValues:
        return RunValues(self.stores.artifacts)

    @property
    def hold(self) -> ServerHold:
        return ServerHold(self.stores.events, self.stores.checkpoints, self.clock)

    def new_executor(self, limits: Limits | None = None) -> Executor:
        """Return an executor that follows no log yet."""
        return Executor(
            self.stores.events,
            self.functions,
            clock=self.clock,
            rng=Random(1),
            hold=self.hold,
            limits=limits,
            values=self.values,
        )

    async def executor(self, *, after: int = 0, limits: Limits | None = None) -> Executor:
        """Start an executor that follows the log after position `after`."""
        made = self.new_executor(limits)
        subscription = await self.stores.log.subscribe("executor", after=after)
        self.following.append(
            asyncio.create_task(follow(subscription, made.handle, clock=self.clock))
        )
        self.executors.append(made)
        return made

    async def stop_following(self) -> None:
        """Disconnect every executor from the log."""
        for task in self.following:
            task.cancel()
        await asyncio.gather(*self.following, return_exceptions=True)
        self.following.clear()

    async def define(self, *steps: Step, flow: Any = "next") -> Definition:
        command = create_definition("d", body(Graph(steps=steps, flow=flow), name="d"))
        stream = stream_name("acme", "definition", "d")
        return (await transact(self.stores.events, DEFINITION, stream, command)).state

    async def request(self, definition: Definition, run_id: str = "r") -> None:
        await self.command(request_run(definition, run_id, at=self.clock.now()), run_id)

    async def command(self, command: Command, run_id: str = "r") -> None:
        await transact(self.stores.events, RUN, stream_name("acme", "run", run_id), command)

    async def backoff_over(self, definition: Definition, step_id: str = "a") -> None:
        """Fire the timer of a step's backoff, as the scheduler does."""
        step = (await self.run()).steps[step_id]
        token = Token(step_id=step_id, visit=step.visit, attempt=step.attempt)
        graph = definition.body.graph
        await self.command(FireTimer(token=token, graph=graph, at=step.due_at))

    async def run(self, run_id: str = "r") -> Run:
        return (await load(self.stores.events, RUN, stream_name("acme", "run", run_id))).state

    async def finished(self, run_id: str = "r") -> Run:
        """Wait until the run has ended."""
        return await self.until(lambda run: run.final, run_id)

    async def until(self, condition: Callable[[Run], bool], run_id: str = "r") -> Run:
        """Wait until `condition` is true for the state of the run."""

        async def found() -> Run | None:
            run = await self.run(run_id)
            return run if condition(run) else None

        run = await eventually(found, every_s=0)
        assert run is not None
        return run

    async def no_live_runs(self, executor: Executor) -> None:
        """Wait until an executor has no live run."""
        await eventually(lambda: executor.live_runs == 0, every_s=0)

    async def called(self, count: int) -> None:
        """Wait until functions have been called `count` times."""
        await eventually(lambda: len(self.functions.calls) >= count, every_s=0)

    async def backlog_of(self, executor: Executor, count: int) -> None:
        """Wait until `count` requested runs are in the backlog."""
        await eventually(lambda: executor.backlog == count, every_s=0)


@asynccontextmanager
async def open_world() -> AsyncIterator[World]:
    world = World(await open_stores(Path()), ManualClock(), ScriptedFunctions())
    try:
        yield world
    finally:
        await world.stop_following()
        for executor in world.executors:
            await executor.stop(grace_s=0)
        await world.stores.close()


def compute(step_id: str, **members: Any) -> Compute:
    """Return a compute step whose function has the step's id, unless `members` name another."""
    return definitions.compute(step_id, **{"function": step_id, **members})
