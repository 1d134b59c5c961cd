"""The dialect's operations; they also make its OpenAPI document."""

from typing import Final

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialects.workflow_orchestration import (
    documents,
    examples,
    executions,
    login,
    workflows,
)
from baton.command_api.dialects.workflow_orchestration.requests import (
    CreateWorkflow,
    Login,
    StartExecution,
    UpdateWorkflow,
)
from baton.command_api.dialects.workflow_orchestration.route_parts import (
    ABSENT,
    BODY,
    DENIED,
    KEYED,
    LISTED,
    PAGE,
    VERSIONED,
)
from baton.command_api.dialects.workflow_orchestration.versions import versioned
from baton.command_api.dialects.workflow_orchestration.webhooks.routes import WEBHOOK_ROUTES
from baton.command_api.principal import READ, WRITE

_LOGIN_ROUTES: Final = (
    Route(
        method="POST",
        path="/auth/login",
        handler=login.login,
        scope=None,
        summary="Obtain a token",
        operation_id="login",
        tag="Authentication",
        request=Login,
        request_example=examples.LOGIN,
        response=documents.Token,
        example=examples.TOKEN,
        problems={
            **VERSIONED,
            **BODY,
            401: "The name or the password is wrong",
            404: "This server signs no tokens",
            429: "Too many logins",
        },
    ),
)
_WORKFLOW_ROUTES: Final = (
    Route(
        method="GET",
        path="/workflows",
        handler=workflows.list_all,
        scope=READ,
        as_of=True,
        summary="Get all workflow definitions",
        operation_id="getWorkflows",
        tag="Workflow Definitions",
        response=documents.Workflows,
        example=[examples.WORKFLOW],
        query=PAGE,
        problems=LISTED,
    ),
    Route(
        method="GET",
        path="/workflows/{workflowId}",
        handler=workflows.get,
        scope=READ,
        as_of=True,
        summary="Get a workflow definition by ID",
        operation_id="getWorkflow",
        tag="Workflow Definitions",
        response=documents.Workflow,
        example=examples.WORKFLOW,
        problems=ABSENT,
    ),
    Route(
        method="POST",
        path="/workflows",
        handler=workflows.create,
        scope=WRITE,
        summary="Create a workflow definition",
        operation_id="createWorkflow",
        tag="Workflow Definitions",
        request=CreateWorkflow,
        request_example=examples.NEW_WORKFLOW,
        response=documents.Workflow,
        example=examples.WORKFLOW,
        status=201,
        problems={**DENIED, **BODY, **KEYED},
    ),
    Route(
        method="PUT",
        path="/workflows/{workflowId}",
        handler=workflows.update,
        scope=WRITE,
        summary="Update a workflow definition",
        operation_id="updateWorkflow",
        tag="Workflow Definitions",
        request=UpdateWorkflow,
        request_example=examples.CHANGE,
        response=documents.Workflow,
        example=examples.CHANGED,
        problems={**ABSENT, **BODY, 409: "Tasks can't express the workflow's steps"},
    ),
    Route(
        method="DELETE",
        path="/workflows/{workflowId}",
        handler=workflows.delete,
        scope=WRITE,
        summary="Delete a workflow definition",
        operation_id="deleteWorkflow",
        tag="Workflow Definitions",
        status=204,
        problems=ABSENT,
    ),
)
_EXECUTION_ROUTES: Final = (
    Route(
        method="POST",
        path="/executions",
        handler=executions.start,
        scope=WRITE,
        summary="Start a workflow execution",
        operation_id="startExecution",
        tag="Workflow Executions",
        request=StartExecution,
        request_example=examples.START,
        response=documents.Execution,
        example=examples.STARTED,
        status=201,
        problems={
            **ABSENT,
            **BODY,
            **KEYED,
            409: "The workflow starts no executions",
            429: "The tenant has too many unfinished executions",
        },
    ),
    Route(
        method="GET",
        path="/executions/{executionId}",
        handler=executions.get,
        scope=READ,
        as_of=True,
        summary="Get a workflow execution by ID",
        operation_id="getExecution",
        tag="Workflow Executions",
        response=documents.Execution,
        example=examples.EXECUTION,
        problems=ABSENT,
    ),
    Route(
        method="POST",
        path="/executions/{executionId}/cancel",
        handler=executions.cancel,
        scope=WRITE,
        summary="Cancel a workflow execution",
        operation_id="cancelExecution",
        tag="Workflow Executions",
        response=documents.Execution,
        example=examples.CANCELLED,
        problems={**ABSENT, **KEYED, 409: "The execution has ended"},
    ),
    Route(
        method="GET",
        path="/executions/{executionId}/progress",
        handler=executions.progress,
        scope=READ,
        as_of=True,
        summary="Get progress report for a workflow execution",
        operation_id="getProgress",
        tag="Progress Tracking",
        response=documents.ProgressReport,
        example=examples.PROGRESS,
        problems=ABSENT,
    ),
)
_TASK_ROUTES: Final = (
    Route(
        method="GET",
        path="/executions/{executionId}/tasks",
        handler=executions.list_tasks,
        scope=READ,
        as_of=True,
        summary="Get task executions for a workflow execution",
        operation_id="getTasks",
        tag="Task Executions",
        response=documents.TaskExecutions,
        example=examples.TASKS,
        query=(
            QueryParameter(
                name="status",
                schema={"type": "string", "enum": list(executions.TASK_STATUSES)},
                description="Filter by task status",
            ),
            *PAGE,
        ),
        problems={**LISTED, **ABSENT},
    ),
    Route(
        method="POST",
        path="/tasks/{taskId}/retry",
        handler=executions.retry_task,
        scope=WRITE,
        summary="Retry a failed task execution",
        operation_id="retryTask",
        tag="Task Executions",
        response=documents.TaskExecution,
        example=examples.RETRIED,
        problems={**ABSENT, **KEYED, 409: "The task hasn't failed, or its execution goes on"},
    ),
)

ROUTES: Final = tuple(
    versioned(route)
    for route in (
        *_LOGIN_ROUTES,
        *_WORKFLOW_ROUTES,
        *_EXECUTION_ROUTES,
        *_TASK_ROUTES,
        *WEBHOOK_ROUTES,
    )
)
