"""Calls whose function gets the trace context of its attempt, where traces are on."""

from dataclasses import replace

from baton.executor.functions.call import Call, CallOutcome, FunctionCaller
from baton.protocols.trace_context import (
    Sampling,
    attempt_span_id,
    attempt_traceparent,
    run_context,
)


class TracedCalls:
    """Implements `FunctionCaller` over another one.

    The span of the attempt is exported once it has ended; its id is known before. Spans of the
    function belong below it.
    """

    def __init__(self, functions: FunctionCaller, sampling: Sampling) -> None:
        self._functions = functions
        self._sampling = sampling

    async def call(self, call: Call) -> CallOutcome:
        """Perform `call` with the `traceparent` of its attempt instead of its run's."""
        context = run_context(call.run_id, call.traceparent)
        span_id = attempt_span_id(call.run_id, call.step_id, call.visit, call.attempt)
        exported = self._sampling.exports(context)
        traceparent = attempt_traceparent(context, span_id, exported=exported)
        return await self._functions.call(replace(call, traceparent=traceparent))

    async def close(self) -> None:
        """Close the functions."""
        await self._functions.close()
