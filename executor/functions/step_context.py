"""Builds the `StepContext` of an attempt, and the logger in it."""

import logging
from collections.abc import Callable

from baton.domain.json import JsonObject
from baton.executor.functions.call import Call
from baton.executor.functions.registry import PythonFunction
from baton.executor.sdk import StepContext

LOGGER = logging.getLogger("baton.functions")


def build_step_context(
    function: PythonFunction, call: Call, report: Callable[[object], None]
) -> StepContext:
    """Return the context of `call`.

    Args:
        report: Called with the progress of each heartbeat, in the thread that runs the function.
    """
    return StepContext(
        run_id=call.run_id,
        step_id=call.step_id,
        attempt=call.attempt,
        tenant=call.tenant,
        idempotency_key=call.idempotency_key,
        deadline=call.deadline_at,
        traceparent=call.traceparent,
        log=attempt_logger(function, call),
        report=report,
    )


def context_members(call: Call) -> JsonObject:
    """Return the members of the context that are plain JSON, for a function process."""
    return {
        "run_id": call.run_id,
        "step_id": call.step_id,
        "attempt": call.attempt,
        "tenant": call.tenant,
        "idempotency_key": call.idempotency_key,
        "deadline": call.deadline_at,
        "traceparent": call.traceparent,
    }


def attempt_logger(function: PythonFunction, call: Call) -> logging.LoggerAdapter[logging.Logger]:
    """Return a logger whose lines carry the ids of the attempt."""
    extra = {
        "function": function.name,
        "tenant": call.tenant,
        "run_id": call.run_id,
        "step_id": call.step_id,
        "attempt": call.attempt,
    }
    return logging.LoggerAdapter(LOGGER, extra)
