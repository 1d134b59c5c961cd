"""The routes under /graphql, with their description for the OpenAPI document."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web
from pydantic import BaseModel

from baton.command_api.dialect.contract import Route
from baton.command_api.dialects.workflow_orchestration.graphql import playground
from baton.command_api.dialects.workflow_orchestration.graphql.errors import ErrorShown
from baton.command_api.dialects.workflow_orchestration.graphql.operation_body import OperationBody
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import READ
from baton.domain.json import JsonObject

_TAG: Final = "GraphQL"


class OperationResult(BaseModel):
    """The response to an operation. `data` is missing if nothing was executed."""

    data: JsonObject | None = None
    errors: list[ErrorShown] = []


@dataclass(slots=True)
class _Handlers:
    """The functions that execute operations.

    They are loaded with the first request, in a thread: strawberry and the schema take half a
    second, for which every start of every service would wait.
    """

    run_operation: Callable[[RequestContext], Awaitable[Reply]]
    serve_socket: Callable[[RequestContext], Awaitable[web.StreamResponse]]


def _load() -> _Handlers:
    from baton.command_api.dialects.workflow_orchestration.graphql.handle import run_operation
    from baton.command_api.dialects.workflow_orchestration.graphql.socket.session import (
        serve_socket,
    )

    return _Handlers(run_operation, serve_socket)


_loaded: list[_Handlers] = []


async def _handlers() -> _Handlers:
    if not _loaded:
        _loaded.append(await asyncio.to_thread(_load))
    return _loaded[0]


async def _execute(context: RequestContext) -> Reply:
    """Execute a query or a mutation."""
    return await (await _handlers()).run_operation(context)


async def _open(context: RequestContext) -> Reply | web.StreamResponse:
    """Show the playground, or upgrade to a WebSocket."""
    upgrade = context.headers.get(hdrs.UPGRADE, "").strip().lower()
    if context.request.method == hdrs.METH_GET and upgrade == "websocket":
        return await (await _handlers()).serve_socket(context)
    return playground.PAGE


async def _asset(context: RequestContext) -> Reply:
    """Show the playground's script or its style."""
    name = context.params["asset"]
    if name not in playground.ASSETS:
        message = "There is nothing at this path"
        raise Refused("not_found", message)
    return playground.ASSETS[name]


ROUTES: Final = (
    Route(
        method="POST",
        path="",
        handler=_execute,
        scope=READ,
        as_of=True,
        summary="Execute a query or a mutation",
        operation_id="executeOperation",
        tag=_TAG,
        request=OperationBody,
        request_example={
            "query": "query Workflow($id: ID!) { workflowDefinition(id: $id) { id name version } }",
            "variables": {"id": "d7m0k2v4s8q1c5t9a3b6"},
        },
        response=OperationResult,
        example={
            "data": {
                "workflowDefinition": {
                    "id": "d7m0k2v4s8q1c5t9a3b6",
                    "name": "Sample Workflow",
                    "version": "1.0.0",
                }
            }
        },
        idempotent=False,
        problems={
            400: "The document can't be parsed, or is over a limit (LIMIT_EXCEEDED)",
            403: "The token lacks the scope orchestrator:read",
            422: "The Idempotency-Key was used for another request",
        },
    ),
    Route(
        method="GET",
        path="",
        handler=_open,
        scope=None,
        summary="Show the playground; a WebSocket serves operations as graphql-transport-ws",
        operation_id="openPlayground",
        tag=_TAG,
        live=True,
    ),
    Route(
        method="GET",
        path="/{asset}",
        handler=_asset,
        scope=None,
        summary="The script and the style of the playground",
        operation_id="getPlaygroundAsset",
        tag=_TAG,
        problems={404: "There is no such asset"},
    ),
)
