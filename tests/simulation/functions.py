"""Functions that do what the plan says, going by what is recorded and not by how often they ran."""

import asyncio
from collections import Counter
from collections.abc import Mapping

from baton.domain.json import JsonObject
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import (
    Error,
    Failed,
    RunReopened,
    StepFailed,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    Succeeded,
)
from baton.domain.stream import stream_name
from baton.eventlog.ports.stores import EventStore
from baton.executor.functions.call import Call
from tests.simulation.faults import Incarnation
from tests.simulation.plans import Behaviour

LONGEST_S = 0.2


class PlannedFunctions:
    """Implements `baton.executor.functions.call.FunctionCaller` for one incarnation of an executor.

    `behaviours` are by step. `complaints` and `performed` are told to the world.
    """

    def __init__(
        self,
        truth: EventStore,
        life: Incarnation,
        behaviours: Mapping[str, Behaviour],
        complaints: list[str],
        performed: Counter[tuple[str, str, int, int]],
    ) -> None:
        self._truth = truth
        self._life = life
        self._behaviours = behaviours
        self._complaints = complaints
        self._performed = performed

    async def call(self, call: Call) -> Succeeded | Failed:
        attempt = (call.run_id, call.step_id, call.visit, call.attempt)
        failures = await self._recorded_failures(call)
        self._performed[attempt] += 1
        await asyncio.sleep(self._life.rng.random() * LONGEST_S)
        await self._life.gate()
        return await self._perform(call.step_id, failures)

    async def close(self) -> None:
        """Nothing is kept here."""

    async def _perform(self, step_id: str, failures: int) -> Succeeded | Failed:
        behaviour = self._behaviours[step_id]
        match behaviour.kind:
            case "hang":
                await asyncio.get_running_loop().create_future()
            case "refuse":
                return _failed(retryable=False, jitter=self._life.rng.random())
            case "fail":
                return _failed(retryable=True, jitter=self._life.rng.random())
            case "fail at first" if failures < behaviour.failures:
                return _failed(retryable=True, jitter=self._life.rng.random())
            case _:
                pass
        context: JsonObject | None = {step_id: behaviour.output} if behaviour.context else None
        return Succeeded(output=behaviour.output, context=context)

    async def _recorded_failures(self, call: Call) -> int:
        """Count what stands in the log; complain of what the attempt was not told of it."""
        begun, failures = False, 0
        outputs: JsonObject = {}
        context: JsonObject = {}
        history = await self._truth.read(stream_name(call.tenant, RUN.name, call.run_id))
        for event in (one.event for one in history):
            match event:
                case StepStarted(step_id=call.step_id, visit=call.visit, attempt=call.attempt):
                    begun = True
                case StepFailed() | StepTimedOut() if event.step_id == call.step_id:
                    failures += event.visit == call.visit
                case StepSucceeded() if not begun:
                    outputs[event.step_id] = {"output": event.output}
                    context |= event.context or {}
                case RunReopened():
                    failures = 0
                case _:
                    pass
        self._hold(begun, call, "is performed but not recorded")
        self._hold(_within(outputs, call.payload["steps"]), call, "misses outputs")
        self._hold(_within(context, call.payload["context"]), call, "misses context")
        return failures

    def _hold(self, condition: bool, call: Call, complaint: str) -> None:
        if not condition:
            self._complaints.append(f"{call.execution_id} {complaint}: {call.payload}")


def _within(some: JsonObject, told: object) -> bool:
    return isinstance(told, dict) and {name: told.get(name) for name in some} == some


def _failed(*, retryable: bool, jitter: float) -> Failed:
    error = Error(code="BROKEN", message="it broke")
    return Failed(error=error, retryable=retryable, jitter=jitter)
