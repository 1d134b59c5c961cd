"""The dialect's operations; they also make its OpenAPI document."""

from typing import Final

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialects.orchestration_system import (
    documents,
    examples,
    executions,
    schedules,
    workflows,
)
from baton.command_api.dialects.orchestration_system.render_executions import (
    STATUSES as EXECUTION_STATUSES,
)
from baton.command_api.dialects.orchestration_system.requests import (
    STATUSES,
    CreateSchedule,
    CreateWorkflow,
    ExecuteWorkflow,
    UpdateWorkflow,
)
from baton.command_api.principal import READ, WRITE

_DENIED: Final = {403: "The token belongs to another tenant or lacks the scope"}
_LISTED: Final = {400: "Invalid parameter", **_DENIED}
_ABSENT: Final = {**_DENIED, 404: "Not found"}
_REFUSED: Final = {
    **_DENIED,
    400: "Invalid request body",
    413: "The body is too large",
    415: "The body isn't JSON",
}
_KEYED: Final = {
    409: "Conflict",
    422: "The Idempotency-Key belongs to another request",
}
_PAGE: Final = (
    QueryParameter(
        name="limit",
        schema={"type": "integer", "default": 50, "minimum": 1, "maximum": workflows.MAX_LIMIT},
        description="Number of results to return",
    ),
    QueryParameter(
        name="offset",
        schema={"type": "integer", "default": 0, "minimum": 0},
        description="Number of results to skip",
    ),
)
_OF_WORKFLOW: Final = QueryParameter(
    name="workflowId", schema={"type": "string"}, description="Filter by workflow ID"
)

_WORKFLOW_ROUTES = (
    Route(
        method="POST",
        path="/workflows",
        handler=workflows.create,
        scope=WRITE,
        summary="Create Workflow",
        operation_id="createWorkflow",
        tag="Workflows",
        request=CreateWorkflow,
        request_example=examples.NEW_WORKFLOW,
        response=documents.WorkflowListed,
        example=examples.WORKFLOW_LISTED,
        status=201,
        problems={**_REFUSED, **_KEYED},
    ),
    Route(
        method="GET",
        path="/workflows/{workflowId}",
        handler=workflows.get,
        scope=READ,
        as_of=True,
        summary="Get Workflow",
        operation_id="getWorkflow",
        tag="Workflows",
        response=documents.Workflow,
        example=examples.WORKFLOW,
        problems=_ABSENT,
    ),
    Route(
        method="GET",
        path="/workflows",
        handler=workflows.list_all,
        scope=READ,
        as_of=True,
        summary="List Workflows",
        operation_id="listWorkflows",
        tag="Workflows",
        response=documents.Workflows,
        example=examples.WORKFLOWS,
        query=(
            QueryParameter(
                name="status",
                schema={"type": "string", "enum": list(STATUSES)},
                description="Filter by workflow status",
            ),
            *_PAGE,
        ),
        problems=_LISTED,
    ),
    Route(
        method="PUT",
        path="/workflows/{workflowId}",
        handler=workflows.update,
        scope=WRITE,
        summary="Update Workflow",
        operation_id="updateWorkflow",
        tag="Workflows",
        request=UpdateWorkflow,
        request_example=examples.CHANGE,
        response=documents.Workflow,
        example={**examples.WORKFLOW, **examples.CHANGE},
        problems={**_REFUSED, **_ABSENT, 409: "Tasks can't express the workflow's steps"},
    ),
    Route(
        method="DELETE",
        path="/workflows/{workflowId}",
        handler=workflows.delete,
        scope=WRITE,
        summary="Delete Workflow",
        operation_id="deleteWorkflow",
        tag="Workflows",
        response=documents.Deleted,
        example=examples.DELETED,
        problems=_ABSENT,
    ),
)
_EXECUTION_ROUTES = (
    Route(
        method="POST",
        path="/workflows/{workflowId}/execute",
        handler=executions.execute,
        scope=WRITE,
        summary="Execute Workflow",
        operation_id="executeWorkflow",
        tag="Executions",
        request=ExecuteWorkflow,
        request_example=examples.PARAMETERS,
        request_required=False,
        response=documents.ExecutionStarted,
        example=examples.STARTED,
        status=201,
        problems={
            **_REFUSED,
            **_ABSENT,
            **_KEYED,
            409: "The workflow is inactive",
            429: "The tenant has too many unfinished executions",
        },
    ),
    Route(
        method="GET",
        path="/executions/{executionId}",
        handler=executions.get,
        scope=READ,
        as_of=True,
        summary="Get Execution",
        operation_id="getExecution",
        tag="Executions",
        response=documents.Execution,
        example=examples.EXECUTION,
        problems=_ABSENT,
    ),
    Route(
        method="GET",
        path="/executions",
        handler=executions.list_all,
        scope=READ,
        as_of=True,
        summary="List Executions",
        operation_id="listExecutions",
        tag="Executions",
        response=documents.Executions,
        example=examples.EXECUTIONS,
        query=(
            _OF_WORKFLOW,
            QueryParameter(
                name="status",
                schema={"type": "string", "enum": list(EXECUTION_STATUSES)},
                description="Filter by execution status",
            ),
            *_PAGE,
        ),
        problems=_LISTED,
    ),
)
_SCHEDULE_ROUTES = (
    Route(
        method="POST",
        path="/schedules",
        handler=schedules.create,
        scope=WRITE,
        summary="Create Schedule",
        operation_id="createSchedule",
        tag="Schedules",
        request=CreateSchedule,
        request_example=examples.NEW_SCHEDULE,
        response=documents.Schedule,
        example=examples.SCHEDULE,
        status=201,
        problems={**_REFUSED, **_KEYED, 404: "The workflow doesn't exist"},
    ),
    Route(
        method="GET",
        path="/schedules/{scheduleId}",
        handler=schedules.get,
        scope=READ,
        as_of=True,
        summary="Get Schedule",
        operation_id="getSchedule",
        tag="Schedules",
        response=documents.Schedule,
        example=examples.SCHEDULE,
        problems=_ABSENT,
    ),
    Route(
        method="GET",
        path="/schedules",
        handler=schedules.list_all,
        scope=READ,
        as_of=True,
        summary="List Schedules",
        operation_id="listSchedules",
        tag="Schedules",
        response=documents.Schedules,
        example=examples.SCHEDULES,
        query=(_OF_WORKFLOW, *_PAGE),
        problems=_LISTED,
    ),
    Route(
        method="DELETE",
        path="/schedules/{scheduleId}",
        handler=schedules.delete,
        scope=WRITE,
        summary="Delete Schedule",
        operation_id="deleteSchedule",
        tag="Schedules",
        response=documents.Deleted,
        example=examples.DELETED,
        problems=_ABSENT,
    ),
)

ROUTES = (*_WORKFLOW_ROUTES, *_EXECUTION_ROUTES, *_SCHEDULE_ROUTES)
