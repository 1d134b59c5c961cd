"""Gives functions the large values of their runs, and stores the large values that they return."""

from dataclasses import replace
from functools import partial
from typing import Final

import orjson

from baton.domain.artifact import ARTIFACT_UNREADABLE, MAX_INLINE_BYTES, Artifact
from baton.domain.json import Json, JsonObject
from baton.domain.run.outcome import Succeeded
from baton.eventlog.errors import Unreadable
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.ports.clock import Clock
from baton.eventlog.run_values import RunValues, size_of
from baton.executor.functions.attempt_logger import LOGGER
from baton.executor.functions.call import Call, CallOutcome, FunctionCaller
from baton.executor.functions.results import failure

_RETRY: Final = RetryPolicy(factor=4)


class LargeValues:
    """Implements `FunctionCaller` around another caller; small values pass through it.

    Large values become a part of the payload as they are stored, without being parsed: the
    performer of the call parses its own copy. While the store is unavailable, calls wait for it;
    this time doesn't count towards their timeout.
    """

    def __init__(self, functions: FunctionCaller, values: RunValues, *, clock: Clock) -> None:
        self._functions = functions
        self._values = values
        self._clock = clock

    async def call(self, call: Call) -> CallOutcome:
        """Perform `call`. Every failure is a value; only cancellation is raised."""
        if call.artifacts:
            try:
                call = await self._loaded(call)
            except Unreadable as error:
                return failure(ARTIFACT_UNREADABLE, str(error))
        outcome = await self._functions.call(call)
        if isinstance(outcome, Succeeded):
            if not outcome.size:
                outcome = _measured(outcome)
            if outcome.size > MAX_INLINE_BYTES and not (call.timer and call.timer.cut_off):
                return await self._stored(call, outcome)
        return outcome

    async def close(self) -> None:
        """Close the functions."""
        await self._functions.close()

    async def _stored(self, call: Call, outcome: Succeeded) -> Succeeded:
        """Return `outcome` once its large values are stored."""
        if call.timer is not None:
            call.timer.wait()
        store = partial(self._values.store_outcome, call.tenant, outcome)
        doing = f"storing the output of {call.execution_id}"
        return await retry(store, clock=self._clock, log=LOGGER, doing=doing, policy=_RETRY)

    async def _loaded(self, call: Call) -> Call:
        """Return `call` with the stored values in its payload; raises `Unreadable`."""
        if call.timer is not None:
            call.timer.wait()
        read = partial(self._payload, call)
        doing = f"reading the values of {call.execution_id}"
        payload = await retry(read, clock=self._clock, log=LOGGER, doing=doing, policy=_RETRY)
        if call.timer is not None:
            call.timer.start()
        return replace(call, payload=payload)

    async def _payload(self, call: Call) -> JsonObject:
        payload, tenant = call.payload, call.tenant
        return {
            **payload,
            "input": await self._value(tenant, payload["input"], "input"),
            "context": await self._members(tenant, payload["context"], "context"),
            "steps": {
                step_id: await self._members(tenant, step, f"steps.{step_id}")
                for step_id, step in _object(payload["steps"]).items()
            },
        }

    async def _members(self, tenant: str, members: Json, place: str) -> JsonObject:
        return {
            name: await self._value(tenant, value, f"{place}.{name}")
            for name, value in _object(members).items()
        }

    async def _value(self, tenant: str, value: Json, place: str) -> Json:
        if not isinstance(value, Artifact):
            return value
        try:
            return orjson.Fragment(await self._values.raw(tenant, value.sha256))
        except Unreadable as error:
            message = f"{place} can't be read: {error}"
            raise Unreadable(message) from error


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _measured(outcome: Succeeded) -> Succeeded:
    """Return the outcome with its size; `dataclasses.replace` would take three times as long."""
    size = size_of(outcome.output) + (size_of(outcome.context) if outcome.context else 0)
    return Succeeded(
        output=outcome.output, context=outcome.context, warning=outcome.warning, size=size
    )
