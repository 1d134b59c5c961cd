"""Renders a run's history: one record per attempt, decision and delay.

Centrali has no words for some records of the core. A synchronization point is rendered as a delay
without a length, a skipped step as one that succeeded without an output, and a step that was
cancelled with its run as failed with the code CANCELLED.
"""

from collections.abc import Sequence

from baton.command_api.dialect.rendering import as_object
from baton.command_api.dialect.step_inputs import read_step_inputs
from baton.command_api.dialects.centrali.render_decision import render_decision
from baton.command_api.http.request_context import RequestContext
from baton.domain.json import JsonObject
from baton.domain.run.outcome import Error
from baton.domain.run.trigger import StepKind
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.run_steps.view import Status
from baton.projector.views.runs.view import Document as Run
from baton.protocols.iso_time import format_time

_TYPES: dict[StepKind, str] = {
    "compute": "compute",
    "decision": "decision",
    "delay": "delay",
    "sync": "delay",
}
_STATUSES: dict[Status, str] = {
    "running": "running",
    "waiting": "waiting",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "failed",
    "skipped": "succeeded",
}


async def step_history(
    context: RequestContext, run: Run, steps: Sequence[Step], *, budget: int
) -> list[JsonObject]:
    """Return all records of a run, each with its step's input within `budget` bytes."""
    inputs = await read_step_inputs(context, run, budget=budget)
    return [render_run_step(step, inputs.get(step.execution_id)) for step in steps]


def render_run_step(step: Step, given: JsonObject | None = None) -> JsonObject:
    """Return one record without members that have no value; `given` becomes its `input`."""
    shown: JsonObject = {
        "id": step.execution_id,
        "orchestrationRunId": step.run_id,
        "stepId": step.step_id,
        "stepType": _TYPES[step.kind],
        "attempt": step.attempt,
        "status": _STATUSES[step.status],
    }
    if given is not None:
        shown["input"] = given
    shown |= _outcome(step)
    if step.started_at is not None:
        shown["startedAt"] = format_time(step.started_at)
    if step.completed_at is not None:
        shown["completedAt"] = format_time(step.completed_at)
    shown["executionId"] = step.execution_id
    if step.function is not None:
        shown |= {"functionRunId": step.execution_id, "functionId": step.function}
    return shown


def _outcome(step: Step) -> JsonObject:
    shown: JsonObject = {}
    if step.kind == "compute" and step.status == "succeeded":
        shown["output"] = as_object(step.output)
    if step.decision is not None:
        shown["decisionResult"] = render_decision(step.decision)
    if step.delay_ms is not None:
        shown["delayConfig"] = _delay(step.delay_ms, step)
    if step.error is not None:
        shown["error"] = _error(step.error)
    elif step.status == "cancelled":
        shown["error"] = {"message": "cancelled", "code": "CANCELLED"}
    return shown


def _delay(delay_ms: int, step: Step) -> JsonObject:
    shown: JsonObject = {"delayMs": delay_ms}
    if step.resume_at is not None:
        shown["resumeAt"] = format_time(step.resume_at)
    if step.resumed_at is not None:
        shown["resumedAt"] = format_time(step.resumed_at)
    return shown


def _error(error: Error) -> JsonObject:
    shown: JsonObject = {"message": error.message, "code": error.code}
    if error.stack is not None:
        shown["stack"] = error.stack
    return shown
