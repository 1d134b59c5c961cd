"""The problems and the parameters that several routes of this dialect have."""

from typing import Final

from baton.command_api.dialect.contract import QueryParameter
from baton.command_api.dialects.workflow_orchestration import workflows

VERSIONED: Final = {406: "The Accept header names a version that doesn't exist"}
DENIED: Final = {**VERSIONED, 403: "The token belongs to another tenant or lacks the scope"}
LISTED: Final = {**DENIED, 400: "Invalid parameter"}
ABSENT: Final = {**DENIED, 404: "Not found"}
BODY: Final = {
    400: "Invalid request body",
    413: "The body is too large",
    415: "The body isn't JSON",
}
KEYED: Final = {409: "Conflict", 422: "The Idempotency-Key belongs to another request"}
PAGE: Final = (
    QueryParameter(
        name="limit",
        schema={
            "type": "integer",
            "default": workflows.DEFAULT_LIMIT,
            "minimum": 1,
            "maximum": workflows.MAX_LIMIT,
        },
        description="Maximum number of results to return",
    ),
    QueryParameter(
        name="offset",
        schema={"type": "integer", "default": 0, "minimum": 0},
        description="Number of results to skip",
    ),
)
