"""The OpenAPI document of the dialect: Centrali's own (`openapi.json`), with what it leaves open.

Added are the address, every answer that can be a refusal (with the `Error` it carries), the limits
of parameters, and the members that it speaks of elsewhere: `status` on creation, `steps` of a
run. A function's id need not be a UUID, so the format goes. No shape is taken away.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from baton.command_api.dialects.centrali.load import PAGE_SIZES, SORT_FIELDS
from baton.domain.json import JsonObject

_PACKAGE = "baton.command_api.dialects.centrali.openapi"
BASE = "/orchestration/ws/{workspaceSlug}/api/v1"

_PROBLEMS: Mapping[int, str] = {
    400: "Invalid request",
    401: "Unauthorized",
    403: "The token is for another workspace, or lacks the scope",
    404: "Not found",
    409: "Conflict",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "The Idempotency-Key belongs to another request",
    503: "The service cannot answer now",
}
_LIMITS: Mapping[str, JsonObject] = {
    "page": {"minimum": 1, "maximum": 10_000_000},
    "pageSize": {"minimum": PAGE_SIZES[0], "maximum": PAGE_SIZES[1]},
    "sort": {"enum": list(SORT_FIELDS)},
}


@cache
def document() -> JsonObject:
    """Return the document; it is the same at every call."""
    # Any: a JSON document is walked by its names here, and the result is one JSON object again.
    told: dict[str, Any] = json.loads(
        files(_PACKAGE).joinpath("openapi.json").read_text(encoding="utf-8")
    )
    told["servers"][0]["url"] = BASE
    _complete_schemas(told["components"]["schemas"])
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            _limit_parameters(operation)
            for status in _refusals(path, method, operation):
                known = operation["responses"].get(str(status), {"description": _PROBLEMS[status]})
                operation["responses"][str(status)] = {**known, "content": _ERROR}
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return told


_ERROR: JsonObject = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}


def _complete_schemas(schemas: dict[str, Any]) -> None:
    step = schemas["OrchestrationStep"]["properties"]["functionId"]
    del step["format"]
    step["description"] += ": the UUID or the name of a registered function"
    created = schemas["CreateOrchestrationInput"]["properties"]
    created["status"] = {"$ref": "#/components/schemas/OrchestrationStatus"}
    schemas["OrchestrationRun"]["properties"]["steps"] = {
        "type": "array",
        "items": {"$ref": "#/components/schemas/OrchestrationRunStep"},
        "description": "Step history, with include=steps",
    }
    schemas["Error"]["required"] = ["error", "message"]


def _limit_parameters(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query":
            parameter["schema"] |= _LIMITS.get(parameter["name"], {})


def _refusals(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[int]:
    """Yield the statuses with which the operation can refuse."""
    parameters = operation.get("parameters", ())
    secured = operation.get("security") != []
    if secured or path.startswith("/webhooks") or path.endswith("/webhook"):
        yield 401
    if secured:
        yield 403
    if method != "delete" and (method != "get" or any(one["in"] == "query" for one in parameters)):
        yield 400
    yield 404
    if "requestBody" in operation:
        yield from (409, 413, 415)
    if method == "post":
        yield 422
    yield 503
