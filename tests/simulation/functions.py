"""Functions that follow the plan: recorded failures decide their outcome, not the calls so far."""

import asyncio
from collections import Counter
from collections.abc import Mapping

from baton.domain.json import JsonObject
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.run_events import RunReopened
from baton.domain.run.messages.step_events import (
    StepFailed,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
)
from baton.domain.run.outcome import Error, Failed, Succeeded
from baton.domain.stream import stream_name
from baton.eventlog.ports.stores import EventStore
from baton.executor.functions.call import Call
from tests.simulation.faults import Incarnation
from tests.simulation.plans import Behaviour

LONGEST_S = 0.2


class PlannedFunctions:
    """Implements `FunctionCaller` for one incarnation of an executor.

    Args:
        truth: The store without faults, to compare a call with the recorded events.
        behaviours: The planned behaviour, by step id.
        violations: Collects calls that contradict the recorded events.
        performed: Counts the calls of each attempt.
    """

    def __init__(
        self,
        truth: EventStore,
        incarnation: Incarnation,
        behaviours: Mapping[str, Behaviour],
        violations: list[str],
        performed: Counter[tuple[str, str, int, int]],
    ) -> None:
        self._truth = truth
        self._incarnation = incarnation
        self._behaviours = behaviours
        self._violations = violations
        self._performed = performed

    async def call(self, call: Call) -> Succeeded | Failed:
        attempt = (call.run_id, call.step_id, call.visit, call.attempt)
        failures = await self._recorded_failures(call)
        self._performed[attempt] += 1
        await asyncio.sleep(self._incarnation.rng.random() * LONGEST_S)
        await self._incarnation.fault_point()
        return await self._perform(call.step_id, failures)

    async def close(self) -> None:
        """Nothing to close."""

    async def _perform(self, step_id: str, failures: int) -> Succeeded | Failed:
        behaviour = self._behaviours[step_id]
        match behaviour.kind:
            case "hang":
                await asyncio.get_running_loop().create_future()
            case "refuse":
                return _failed(retryable=False, jitter=self._incarnation.rng.random())
            case "fail":
                return _failed(retryable=True, jitter=self._incarnation.rng.random())
            case "fail at first" if failures < behaviour.failures:
                return _failed(retryable=True, jitter=self._incarnation.rng.random())
            case _:
                pass
        context: JsonObject | None = {step_id: behaviour.output} if behaviour.context else None
        return Succeeded(output=behaviour.output, context=context)

    async def _recorded_failures(self, call: Call) -> int:
        """Return the recorded failures of the step's visit; check the call against the events."""
        started, failures = False, 0
        outputs: JsonObject = {}
        context: JsonObject = {}
        history = await self._truth.read(stream_name(call.tenant, RUN.name, call.run_id))
        for event in (one.event for one in history):
            match event:
                case StepStarted(step_id=call.step_id, visit=call.visit, attempt=call.attempt):
                    started = True
                case StepFailed() | StepTimedOut() if event.step_id == call.step_id:
                    failures += event.visit == call.visit
                case StepSucceeded() if not started:
                    outputs[event.step_id] = {"output": event.output}
                    context |= event.context or {}
                case RunReopened():
                    failures = 0
                case _:
                    pass
        self._check(started, call, "is called but its start isn't recorded")
        self._check(_contains(outputs, call.payload["steps"]), call, "misses outputs")
        self._check(_contains(context, call.payload["context"]), call, "misses context")
        return failures

    def _check(self, condition: bool, call: Call, violation: str) -> None:
        if not condition:
            self._violations.append(f"{call.execution_id} {violation}: {call.payload}")


def _contains(expected: JsonObject, actual: object) -> bool:
    return isinstance(actual, dict) and {name: actual.get(name) for name in expected} == expected


def _failed(*, retryable: bool, jitter: float) -> Failed:
    error = Error(code="BROKEN", message="it broke")
    return Failed(error=error, retryable=retryable, jitter=jitter)
