"""Examples of requests and responses, for the OpenAPI document."""

from typing import Final

from baton.domain.json import JsonObject

_AT: Final = "2026-03-02T09:00:00.000Z"
_LATER: Final = "2026-03-02T09:00:11.231Z"
_WORKFLOW_ID: Final = "d7m0k2v4s8q1c5t9a3b6"
_EXECUTION_ID: Final = "d7m0k3h2n6p4r8u0e1f5"

LOGIN: Final[JsonObject] = {"username": "ada", "password": "a long password"}
TOKEN: Final[JsonObject] = {
    "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2lnbmVk",
    "tokenType": "Bearer",
    "expiresIn": 3600,
}
NEW_WORKFLOW: Final[JsonObject] = {
    "name": "Sample Workflow",
    "description": "A sample workflow definition",
    "tasks": [
        {"name": "Task 1", "description": "First task"},
        {"name": "Task 2", "description": "Second task", "dependencies": ["task-1"]},
    ],
    "synchronizationPoints": [
        {
            "name": "All Tasks Completed",
            "description": "Wait for all tasks to complete",
            "requiredTasks": ["task-1", "task-2"],
        }
    ],
}


def _task(number: int, description: str, dependencies: list[str]) -> JsonObject:
    return {
        "id": f"task-{number}",
        "name": f"Task {number}",
        "description": description,
        "resourceRequirements": None,
        "dependencies": dependencies,
        "timeout": None,
        "retryPolicy": None,
    }


WORKFLOW: Final[JsonObject] = {
    "id": _WORKFLOW_ID,
    "name": "Sample Workflow",
    "description": "A sample workflow definition",
    "version": "1.0.0",
    "createdAt": _AT,
    "updatedAt": _AT,
    "tasks": [_task(1, "First task", []), _task(2, "Second task", ["task-1"])],
    "synchronizationPoints": [
        {
            "id": "sync-1",
            "name": "All Tasks Completed",
            "description": "Wait for all tasks to complete",
            "requiredTasks": ["task-1", "task-2"],
            "timeout": None,
        }
    ],
}
CHANGE: Final[JsonObject] = {"description": "An updated workflow definition"}
CHANGED: Final[JsonObject] = {**WORKFLOW, **CHANGE, "version": "1.0.1", "updatedAt": _LATER}
START: Final[JsonObject] = {
    "workflowDefinitionId": _WORKFLOW_ID,
    "initialContext": {"key": "value"},
}
STARTED: Final[JsonObject] = {
    "id": _EXECUTION_ID,
    "workflowDefinitionId": _WORKFLOW_ID,
    "status": "RUNNING",
    "startTime": _AT,
    "endTime": None,
    "taskExecutions": [],
    "context": {
        "id": _EXECUTION_ID,
        "data": '{"key":"value"}',
        "version": 1,
        "createdAt": _AT,
        "updatedAt": _AT,
    },
}


def _execution(task_id: str, status: str, end: str | None) -> JsonObject:
    return {
        "id": f"{_EXECUTION_ID}.{task_id}",
        "taskDefinitionId": task_id,
        "status": status,
        "startTime": _AT,
        "endTime": end,
        "attempts": 1,
        "error": None,
        "resources": None,
    }


TASKS: Final[list[JsonObject]] = [
    _execution("task-1", "COMPLETED", _LATER),
    _execution("task-2", "RUNNING", None),
]
EXECUTION: Final[JsonObject] = {
    **STARTED,
    "taskExecutions": TASKS,
    "context": {
        "id": _EXECUTION_ID,
        "data": '{"key":"value","task-1-result":"success"}',
        "version": 2,
        "createdAt": _AT,
        "updatedAt": _LATER,
    },
}
CANCELLED: Final[JsonObject] = {
    **EXECUTION,
    "status": "CANCELLED",
    "endTime": _LATER,
    "taskExecutions": [TASKS[0], _execution("task-2", "CANCELLED", _LATER)],
}
RETRIED: Final[JsonObject] = {**_execution("task-2", "RUNNING", None), "attempts": 2}
PROGRESS: Final[JsonObject] = {
    "id": _EXECUTION_ID,
    "workflowExecutionId": _EXECUTION_ID,
    "completedTasks": 1,
    "totalTasks": 2,
    "estimatedCompletion": "2026-03-02T09:00:20.000Z",
    "blockers": [],
    "milestones": [
        {
            "id": f"{_EXECUTION_ID}.milestone-1",
            "name": "Initialization",
            "description": "Workflow initialization",
            "achieved": True,
            "achievedAt": _AT,
        }
    ],
}
