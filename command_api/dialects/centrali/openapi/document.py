"""The OpenAPI document of the dialect: Centrali's own (`openapi.json`), completed.

Added are the server's address, an id of each operation, every error response with its `Error`
body, the limits of parameters, `config` of a step, what stands for large values of runs, and
members that the document only mentions in text: `status` on creation, `steps` of a run. A
function's id need not be a UUID, so that format is removed. Nothing else is taken away.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from baton.command_api.dialect.openapi import AS_OF_PARAMETER, documented_path, operation_id
from baton.command_api.dialect.run_values import NamedValue, OmittedValue
from baton.command_api.dialects.centrali.load import PAGE_SIZES, SORT_FIELDS
from baton.command_api.dialects.centrali.openapi.routes import ROUTES
from baton.domain.json import JsonObject

_PACKAGE = "baton.command_api.dialects.centrali.openapi"
BASE = "/orchestration/ws/{workspaceSlug}/api/v1"

_PROBLEMS: Mapping[int, str] = {
    400: "Invalid request",
    401: "Unauthorized",
    403: "The token belongs to another workspace or lacks the scope",
    404: "Not found",
    409: "Conflict",
    413: "The body is too large",
    415: "The body isn't JSON",
    422: "The Idempotency-Key belongs to another request",
    503: "The service can't answer now; try again later",
}
_LIMITS: Mapping[str, JsonObject] = {
    "page": {"minimum": 1, "maximum": 10_000_000},
    "pageSize": {"minimum": PAGE_SIZES[0], "maximum": PAGE_SIZES[1]},
    "sort": {"enum": list(SORT_FIELDS)},
}


@cache
def document() -> JsonObject:
    """Return the document, the same at every call."""
    # Any: the code below changes members of the parsed document by their names.
    document_json: dict[str, Any] = json.loads(
        files(_PACKAGE).joinpath("openapi.json").read_text(encoding="utf-8")
    )
    document_json["servers"][0]["url"] = BASE
    _complete_schemas(document_json["components"]["schemas"])
    routes = {(route.method.lower(), documented_path(route.path)): route for route in ROUTES}
    for path, operations in document_json["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = operation_id(routes[method, path])
            if routes[method, path].as_of:
                operation.setdefault("parameters", []).append(AS_OF_PARAMETER)
            _limit_parameters(operation)
            for status in _refusals(path, method, operation):
                known = operation["responses"].get(str(status), {"description": _PROBLEMS[status]})
                operation["responses"][str(status)] = {**known, "content": _ERROR}
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return document_json


_ERROR: JsonObject = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}


def _complete_schemas(schemas: dict[str, Any]) -> None:
    step = schemas["OrchestrationStep"]["properties"]
    del step["functionId"]["format"]
    step["functionId"]["description"] += ": the UUID or the name of a registered function"
    step["config"] = {"type": "object", "description": "Configuration that the function gets"}
    created = schemas["CreateOrchestrationInput"]["properties"]
    created["status"] = {"$ref": "#/components/schemas/OrchestrationStatus"}
    schemas["OrchestrationRun"]["properties"]["steps"] = {
        "type": "array",
        "items": {"$ref": "#/components/schemas/OrchestrationRunStep"},
        "description": "Step history, with include=steps",
    }
    schemas["Error"]["required"] = ["error", "message"]
    _describe_values(schemas)


def _describe_values(schemas: dict[str, Any]) -> None:
    """Describe the replacements of run values that are too large."""
    for model in (NamedValue, OmittedValue):
        schemas[model.__name__] = model.model_json_schema()
    del schemas["OmittedValue"]["properties"]["$omitted"]["const"]  # unknown to OpenAPI 3.0
    whole = [{"$ref": f"#/components/schemas/{name}"} for name in ("NamedValue", "OmittedValue")]
    run = schemas["OrchestrationRun"]["properties"]
    step = schemas["OrchestrationRunStep"]["properties"]
    for value in (run["input"], step["output"]):
        value["anyOf"] = [*whole, {"type": "object"}]
    for members in (run["context"], run["stepOutputs"], step["input"]):
        members["additionalProperties"] = {"anyOf": [*whole, {}]}


def _limit_parameters(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query":
            parameter["schema"] |= _LIMITS.get(parameter["name"], {})


def _refusals(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[int]:
    """Yield the statuses of the operation's error responses."""
    parameters = operation.get("parameters", ())
    secured = operation.get("security") != []
    if secured or path.startswith("/webhooks") or path.endswith("/webhook"):
        yield 401
    if secured:
        yield 403
    if method != "delete" and (
        method != "get" or any(parameter["in"] == "query" for parameter in parameters)
    ):
        yield 400
    yield 404
    if "requestBody" in operation:
        yield from (409, 413, 415)
    if method == "post":
        yield 422
    yield 503
