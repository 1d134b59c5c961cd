"""The OpenAPI document of a dialect: its own, or one generated from its routes and models."""

import json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from baton.command_api.dialect.contract import Dialect, FromHeader, Route
from baton.command_api.http.idempotency import HEADER, MAX_KEY
from baton.command_api.http.query_parameters import AS_OF
from baton.domain.json import JsonObject

_PARAMETER = re.compile(r"\{([^}:]+)(?::[^}]*)?\}")
_JSON = "application/json"
_NDJSON = "application/x-ndjson"
_REFERENCE = "#/components/schemas/{model}"

AS_OF_PARAMETER: Final[JsonObject] = {
    "name": AS_OF,
    "in": "query",
    "schema": {"type": "string", "minLength": 1},
    "description": "Answer as of this position or RFC 3339 time: by the events up to there alone",
}

_Schemas = Mapping[tuple[type[BaseModel], JsonSchemaMode], JsonObject]


def document_of(dialect: Dialect) -> JsonObject:
    """Return the OpenAPI document of `dialect`."""
    if dialect.document is not None:
        return dialect.document()
    schemas, definitions = _schemas(dialect)
    return {
        "openapi": "3.1.0",
        "info": {"title": dialect.title, "version": "1.0.0"},
        "servers": [_server(base.removesuffix(path_prefix(dialect))) for base in dialect.bases],
        "security": [{name: [] for name in _security(dialect)}],
        "paths": _paths(dialect, schemas),
        "components": {
            "securitySchemes": _security(dialect),
            "schemas": definitions,
        },
    }


def path_prefix(dialect: Dialect) -> str:
    """Return the end of a dialect's base that is part of its documented paths: none is empty."""
    if all(route.path for route in dialect.routes):
        return ""
    base = dialect.bases[0]
    return base[base.rindex("/") :]


def documented_path(path: str) -> str:
    """Return a route's path as OpenAPI writes it: `{path}` for `{path:.+}`."""
    return _PARAMETER.sub(r"{\1}", path)


def operation_id(route: Route) -> str:
    """Return the name of an operation for generated clients: the route's own, else from its path.

    `GET /runs/{runId}/steps` is `getRunsByRunIdSteps`.
    """
    if route.operation_id:
        return route.operation_id
    words = re.split(r"[^A-Za-z0-9{]+", documented_path(route.path))
    parts = (f"By{_capital(word[1:])}" if word[:1] == "{" else _capital(word) for word in words)
    return route.method.lower() + "".join(parts)


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def _schemas(dialect: Dialect) -> tuple[_Schemas, JsonObject]:
    """Return the schema of each model in use, and the definitions that the schemas refer to."""
    found, shared = models_json_schema([*_models(dialect)], ref_template=_REFERENCE)
    schemas: _Schemas = {
        (model, mode): schema
        for (model, mode), schema in found.items()
        if issubclass(model, BaseModel)
    }
    return schemas, shared.get("$defs", {})


def _models(dialect: Dialect) -> Iterable[tuple[type[BaseModel], JsonSchemaMode]]:
    if dialect.error is not None:
        yield dialect.error, "serialization"
    for route in dialect.routes:
        if route.request is not None:
            yield route.request, "validation"
        for model in (route.response, route.exported):
            if model is not None:
                yield model, "serialization"


def _server(base: str) -> JsonObject:
    names = _PARAMETER.findall(base)
    server: JsonObject = {"url": base or "/"}
    if names:
        server["variables"] = {name: {"default": "demo"} for name in names}
    return server


def _paths(dialect: Dialect, schemas: _Schemas) -> JsonObject:
    paths: dict[str, dict[str, object]] = {}
    refusal = _refusal_content(dialect, schemas)
    prefix = path_prefix(dialect)
    for route in dialect.routes:
        operations = paths.setdefault(prefix + documented_path(route.path), {})
        keys = [_key(route, required=dialect.requires_keys)] if route.keyed else []
        operations[route.method.lower()] = _operation(route, schemas, refusal, keys)
    return dict(paths)


def _refusal_content(dialect: Dialect, schemas: _Schemas) -> JsonObject:
    """Return the members that describe the body of every refusal, none without a model of it."""
    if dialect.error is None:
        return {}
    schema = schemas[dialect.error, "serialization"]
    return {"content": {dialect.error_content_type: {"schema": schema}}}


def _security(dialect: Dialect) -> JsonObject:
    """Return the security schemes that a request needs all of: the token, and a tenant's header."""
    bearer: JsonObject = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    schemes: JsonObject = {"bearerAuth": {**bearer, "description": "A token (JWT), or an API key"}}
    if isinstance(dialect.tenant, FromHeader):
        schemes["tenant"] = {"type": "apiKey", "in": "header", "name": dialect.tenant.header}
    return schemes


def _key(route: Route, *, required: bool) -> JsonObject:
    """Return the parameter of the Idempotency-Key; `required` says whether the dialect does."""
    other = f"; `{route.key_member}` of the body counts as one" if route.key_member else ""
    return {
        "name": HEADER,
        "in": "header",
        "required": required and not route.key_member,
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[!-~]+$"},
        "description": f"A repeated request with the same key acts once{other}",
    }


def _operation(
    route: Route, schemas: _Schemas, refusal: JsonObject, keys: list[JsonObject]
) -> JsonObject:
    more: dict[str, Any] = dict(route.operation or {})
    operation: JsonObject = {
        "operationId": operation_id(route),
        "summary": route.summary,
        "responses": {**_responses(route, schemas, refusal), **more.pop("responses", {})},
    }
    if route.tag:
        operation["tags"] = [route.tag]
    if route.scope is None:
        operation["security"] = []
    else:
        operation["x-baton-scope"] = route.scope
    parameters = _parameters(route) + keys
    if parameters:
        operation["parameters"] = parameters
    if route.request is not None:
        operation["requestBody"] = {
            "required": route.request_required,
            "content": _content(schemas[route.request, "validation"], route.request_example),
        }
    return {**operation, **more}


def _parameters(route: Route) -> list[JsonObject]:
    in_path: list[JsonObject] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path)
    ]
    in_query: list[JsonObject] = [
        {
            "name": parameter.name,
            "in": "query",
            "schema": parameter.schema,
            "description": parameter.description,
        }
        for parameter in route.query
    ]
    if route.as_of:
        in_query.append(AS_OF_PARAMETER)
    in_headers: list[JsonObject] = [
        {
            "name": header.name,
            "in": "header",
            "schema": header.schema,
            "description": header.description,
        }
        for header in route.headers
    ]
    return in_path + in_query + in_headers


def _responses(route: Route, schemas: _Schemas, refusal: JsonObject) -> JsonObject:
    content = _good_content(route, schemas)
    good: JsonObject = {"content": content} if content else {}
    problems = {401: "A valid bearer token is required"} if route.scope is not None else {}
    if route.as_of:
        problems[400] = "Invalid parameter"
    descriptions = {**problems, **(route.problems or {})}
    statuses = (route.status, *route.other_statuses)
    return {
        **({"101": {"description": "A WebSocket: one line a message"}} if route.live else {}),
        **{str(status): {**good, "description": HTTPStatus(status).phrase} for status in statuses},
        **{
            str(status): {"description": text, **refusal}
            for status, text in sorted(descriptions.items())
        },
        "default": {"description": "Any other error, in this API's envelope", **refusal},
    }


def _good_content(route: Route, schemas: _Schemas) -> JsonObject:
    """Return the content of the replies that are no refusals, by media type."""
    content: JsonObject = {}
    if route.response is not None:
        schema = schemas[route.response, "serialization"]
        content |= _lines(schema, route.example) if route.live else _content(schema, route.example)
    if route.exported is not None:
        content |= _lines(schemas[route.exported, "serialization"], None)
    for media_type, schema in (route.content or {}).items():
        content[media_type] = {"schema": schema}
    return content


def _content(schema: JsonObject, example: object) -> JsonObject:
    return {_JSON: _media(schema, example)}


def _lines(schema: JsonObject, example: object) -> JsonObject:
    """Return the content of NDJSON: a text whose lines have the schema, and the example of one."""
    text: JsonObject = {
        "type": "string",
        "description": "One JSON object a line",
        "contentMediaType": _NDJSON,
        "contentSchema": {"type": "array", "items": schema},
    }
    line = None if example is None else json.dumps(example, separators=(",", ":")) + "\n"
    return {_NDJSON: _media(text, line)}


def _media(schema: JsonObject, example: object) -> JsonObject:
    return {"schema": schema} if example is None else {"schema": schema, "example": example}
