"""The `data` of a delivery: the execution or the task in this API's form, as of the event."""

from baton.command_api.dialect.task_graphs import newest_visits
from baton.command_api.dialects.workflow_orchestration.translation.executions import (
    execution_of,
    task_execution,
)
from baton.command_api.dialects.workflow_orchestration.translation.json_form import json_form
from baton.domain.json import JsonObject
from baton.domain.webhook.messages import EventType
from baton.projector.run_as_of import RunAsOf


def render_data(event: EventType, as_of: RunAsOf) -> JsonObject:
    """Return the whole execution, or for an event of a task that task.

    A task names its execution and its workflow, too, which a receiver can't know otherwise.
    """
    if as_of.step is None or event.startswith("workflow."):
        return json_form(execution_of(as_of.run, as_of.graph, as_of.steps))
    step_id = as_of.step.step_id
    task = task_execution(as_of.run, step_id, newest_visits(as_of.steps)[step_id])
    return {
        **json_form(task),
        "workflowExecutionId": as_of.run.id,
        "workflowDefinitionId": as_of.run.definition_id,
    }
