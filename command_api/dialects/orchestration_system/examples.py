"""Examples of requests and responses, for the OpenAPI document."""

from typing import Final

from baton.domain.json import JsonObject

_AT: Final = "2026-03-02T09:00:00.000Z"
_PAGE: Final[JsonObject] = {"total": 1, "limit": 50, "offset": 0}

NEW_WORKFLOW: Final[JsonObject] = {
    "name": "Data Processing Pipeline",
    "tasks": [
        {"name": "extract", "type": "data-extraction"},
        {"name": "transform", "type": "data-transformation", "dependsOn": ["extract"]},
        {"name": "load", "type": "data-loading", "dependsOn": ["transform"]},
    ],
}
WORKFLOW_LISTED: Final[JsonObject] = {
    "id": "d7m0k2v4s8q1c5t9a3b6",
    "name": "Data Processing Pipeline",
    "description": "",
    "status": "active",
    "createdAt": _AT,
    "updatedAt": _AT,
}
WORKFLOW: Final[JsonObject] = {
    **WORKFLOW_LISTED,
    "tasks": [
        {
            "id": "extract",
            "name": "extract",
            "type": "data-extraction",
            "config": {},
            "dependsOn": [],
            "status": "pending",
        }
    ],
}
WORKFLOWS: Final[JsonObject] = {"workflows": [WORKFLOW_LISTED], **_PAGE}
CHANGE: Final[JsonObject] = {"description": "Runs each night"}
DELETED: Final[JsonObject] = {"success": True}

PARAMETERS: Final[JsonObject] = {"parameters": {"day": "2026-03-01"}}
STARTED: Final[JsonObject] = {
    "executionId": "d7m0k3h2n6p4r8u0e1f5",
    "status": "started",
    "startedAt": _AT,
}
EXECUTION_LISTED: Final[JsonObject] = {
    "id": "d7m0k3h2n6p4r8u0e1f5",
    "workflowId": "d7m0k2v4s8q1c5t9a3b6",
    "status": "completed",
    "startedAt": _AT,
    "completedAt": _AT,
}
EXECUTION: Final[JsonObject] = {
    **EXECUTION_LISTED,
    "tasks": [
        {
            "id": "extract",
            "name": "extract",
            "status": "completed",
            "attempts": 1,
            "startedAt": _AT,
            "completedAt": _AT,
            "result": {"rows": 42},
        }
    ],
}
EXECUTIONS: Final[JsonObject] = {"executions": [EXECUTION_LISTED], **_PAGE}

NEW_SCHEDULE: Final[JsonObject] = {
    "workflowId": "d7m0k2v4s8q1c5t9a3b6",
    "cronExpression": "0 9 * * *",
    "timezone": "Europe/Berlin",
    "parameters": {"full": True},
}
SCHEDULE: Final[JsonObject] = {
    "id": "d7m0k5j8l2g6w4x7y0z3",
    "workflowId": "d7m0k2v4s8q1c5t9a3b6",
    "cronExpression": "0 9 * * *",
    "timezone": "Europe/Berlin",
    "nextRunAt": "2026-03-03T08:00:00.000Z",
    "createdAt": _AT,
}
SCHEDULES: Final[JsonObject] = {"schedules": [SCHEDULE], **_PAGE}
