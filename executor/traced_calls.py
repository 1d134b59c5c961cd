"""Passes the trace context of an attempt to its function, if traces are enabled."""

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from baton.executor.functions.call import Call, CallOutcome, FunctionCaller
from baton.protocols.trace_context import (
    Sampling,
    attempt_span_id,
    attempt_traceparent,
    run_context,
)


class WithinSpan(Protocol):
    """Makes a span the parent of the spans that functions of this process begin."""

    def __call__(
        self, trace_id: str, span_id: str, *, exported: bool
    ) -> AbstractContextManager[None]:
        """Return the context manager within which the span is the parent; ids are hexadecimal."""
        ...


class TracedCalls:
    """Implements `FunctionCaller` around another caller.

    The id of an attempt's span is known before the attempt ends, so the spans of the function
    become its children.
    """

    def __init__(
        self, functions: FunctionCaller, sampling: Sampling, within_span: WithinSpan
    ) -> None:
        self._functions = functions
        self._sampling = sampling
        self._within_span = within_span

    async def call(self, call: Call) -> CallOutcome:
        """Perform `call` with the `traceparent` of its attempt instead of its run's."""
        context = run_context(call.run_id, call.traceparent)
        span_id = attempt_span_id(call.run_id, call.step_id, call.visit, call.attempt)
        exported = self._sampling.exports(context)
        traceparent = attempt_traceparent(context, span_id, exported=exported)
        with self._within_span(context.trace_id, span_id, exported=exported):
            return await self._functions.call(replace(call, traceparent=traceparent))

    async def close(self) -> None:
        """Close the functions."""
        await self._functions.close()
