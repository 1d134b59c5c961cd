"""Response bodies of the Centrali reference dialect, with the members of the page's examples.

`currentStepId` is null if the run is at no step; other members without a value are left out.
`startedAt` is the time at which an executor started the run, and before that the time of the
request. A failed run also has `failureReason`. A run without a correlation id shows its own id.
"""

from collections.abc import Sequence

from baton.command_api.dialect.rendering import as_object
from baton.command_api.dialects.centrali.reference.requests import UNITS
from baton.command_api.dialects.centrali.render_runs import (
    errors,
    executed_steps,
    failure_reason,
    render_status,
    step_outputs,
    trigger_metadata,
)
from baton.command_api.dialects.centrali.render_steps import render_steps
from baton.domain.definition.state import State
from baton.domain.json import JsonObject
from baton.domain.run.trigger import TriggerKind
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.runs.view import Document as Run
from baton.protocols.iso_time import format_time

_TRIGGERS: dict[TriggerKind, str] = {
    "record": "event-driven",
    "schedule": "scheduled",
    "manual": "manual",
    "rerun": "manual",
    "webhook": "http-trigger",
}


def orchestration_in_list(definition: State) -> JsonObject:
    """Return an orchestration without its steps."""
    return {**_head(definition), **_authorship(definition)}


def orchestration(definition: State) -> JsonObject:
    """Return a whole orchestration."""
    steps = {"steps": render_steps(definition.body.graph)}
    return {**_head(definition), **steps, **_authorship(definition)}


def requested_run(run: Run) -> JsonObject:
    """Return the response to a trigger: the run as it was accepted."""
    return {
        "id": run.id,
        "orchestrationId": run.definition_id,
        "status": "pending",
        "triggerType": _TRIGGERS[run.trigger.kind],
        "startedAt": format_time(run.requested_at),
    }


def run_in_list(run: Run) -> JsonObject:
    """Return a run without its data."""
    return {
        **_identity(run),
        "currentStepId": run.current_step_id,
        **_times(run),
        "hasErrors": run.has_errors,
        "delayStepCount": run.delay_count,
        "correlationId": run.id if run.correlation_id is None else run.correlation_id,
        **_reason(run),
    }


def run_with_data(run: Run, steps: Sequence[Step]) -> JsonObject:
    """Return a whole run."""
    return {
        **_identity(run),
        "input": {} if run.input is None else as_object(run.input),
        "context": run.context,
        "stepOutputs": step_outputs(steps),
        "currentStepId": run.current_step_id,
        "executedSteps": executed_steps(steps),
        **_times(run),
        "hasErrors": run.has_errors,
        "errors": errors(run, steps),
        **_reason(run),
    }


def _head(definition: State) -> JsonObject:
    body = definition.body
    shown: JsonObject = {
        "id": definition.definition_id,
        "slug": definition.slug,
        "name": body.name,
    }
    if body.description is not None:
        shown["description"] = body.description
    return {
        **shown,
        "version": definition.version,
        "isActive": body.status == "active",
        "trigger": UNITS.renderer.render(body.trigger),
    }


def _authorship(definition: State) -> JsonObject:
    return {
        "createdAt": format_time(definition.created_at),
        "updatedAt": format_time(definition.updated_at),
        "createdBy": definition.created_by,
        "updatedBy": definition.updated_by,
    }


def _identity(run: Run) -> JsonObject:
    return {
        "id": run.id,
        "orchestrationId": run.definition_id,
        "status": render_status(run),
        "triggerType": _TRIGGERS[run.trigger.kind],
        "triggerMetadata": trigger_metadata(run),
    }


def _times(run: Run) -> JsonObject:
    started_at = run.requested_at if run.started_at is None else run.started_at
    shown: JsonObject = {"startedAt": format_time(started_at)}
    if run.completed_at is not None:
        shown["completedAt"] = format_time(run.completed_at)
    return shown


def _reason(run: Run) -> JsonObject:
    reason = failure_reason(run)
    return {} if reason is None else {"failureReason": reason}
