"""Response bodies of the Centrali OpenAPI dialect, without members that have no value.

A run in a list has no `stepOutputs`, which may be large. `startedAt` is the time at which an
executor started the run, so a pending run has none.
"""

from collections.abc import Sequence
from dataclasses import replace

from baton.command_api.dialect.rendering import as_object, optional_time, without_none
from baton.command_api.dialect.run_values import in_list
from baton.command_api.dialects.centrali.openapi.requests import UNITS
from baton.command_api.dialects.centrali.render_runs import (
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
    "manual": "on-demand",
    "rerun": "on-demand",
    "webhook": "http-trigger",
}


def orchestration(definition: State) -> JsonObject:
    """Return an `Orchestration`."""
    body = definition.body
    return without_none(
        {
            "id": definition.definition_id,
            "workspaceSlug": definition.tenant,
            "slug": definition.slug,
            "name": body.name,
            "description": body.description,
            "version": definition.version,
            "status": body.status,
            "trigger": UNITS.renderer.render(body.trigger),
            "steps": render_steps(body.graph),
            "createdAt": format_time(definition.created_at),
            "createdBy": definition.created_by,
            "updatedAt": format_time(definition.updated_at),
            "updatedBy": definition.updated_by,
        }
    )


def run_in_list(run: Run) -> JsonObject:
    """Return an `OrchestrationRun` without the outputs of its steps."""
    context = as_object(in_list(run.context))
    return _run(replace(run, input=in_list(run.input), context=context), None)


def run_with_outputs(run: Run, steps: Sequence[Step]) -> JsonObject:
    """Return an `OrchestrationRun`."""
    return _run(run, step_outputs(steps))


def _run(run: Run, outputs: JsonObject | None) -> JsonObject:
    return without_none(
        {
            "id": run.id,
            "orchestrationId": run.definition_id,
            "orchestrationVersion": run.definition_version,
            "workspaceSlug": run.tenant,
            "status": render_status(run),
            "currentStepId": run.current_step_id,
            "input": None if run.input is None else as_object(run.input),
            "context": run.context,
            "stepOutputs": outputs,
            "correlationId": run.correlation_id,
            "triggerType": _TRIGGERS[run.trigger.kind],
            "triggerMetadata": trigger_metadata(run),
            "hasErrors": run.has_errors,
            "delayStepCount": run.delay_count,
            "failureReason": failure_reason(run),
            "startedAt": optional_time(run.started_at),
            "completedAt": optional_time(run.completed_at),
        }
    )
