"""Builds the `StepContext` of an attempt, and the ids that its log lines carry."""

from collections.abc import Callable

from baton.domain.json import JsonObject
from baton.executor.functions.call import Call
from baton.executor.functions.registry import PythonFunction
from baton.executor.sdk import Logger, StepContext


def build_step_context(call: Call, log: Logger, report: Callable[[object], None]) -> StepContext:
    """Return the context of `call`.

    Args:
        call: The attempt.
        log: The function's logger.
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
        log=log,
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


def log_members(function: PythonFunction, call: Call) -> JsonObject:
    """Return the ids of the attempt for its lines in the service's log."""
    return {
        "function": function.name,
        "tenant": call.tenant,
        "run_id": call.run_id,
        "step_id": call.step_id,
        "attempt": call.attempt,
    }
