"""The HTTP application: the routes of every dialect behind one admission.

A request is admitted in this order: token, tenant, scope, body within its limit. Then the handler
runs, under the request's Idempotency-Key if it has one, and the response waits for the views.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from aiohttp import hdrs, web

from baton.command_api.dialect.contract import Dialect, Route, discover
from baton.command_api.dialect.envelopes import Envelopes
from baton.command_api.http import json_body
from baton.command_api.http.read_your_write import respond
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own import documents, health_api, own_api
from baton.command_api.principal import Principal
from baton.command_api.request_metrics import RequestMetrics
from baton.command_api.security import auth
from baton.command_api.services import Services

_Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(services: Services, dialects: Sequence[Dialect] | None = None) -> web.Application:
    """Return an application with `dialects` (default: all that exist) and Baton's own API."""
    spoken = (*(discover() if dialects is None else dialects), own_api())
    app = _make_app(services, spoken)
    documents.publish(app, spoken)
    return app


def make_health_app(services: Services) -> web.Application:
    """Return the application of a service that takes no commands: health and metrics alone."""
    return _make_app(services, (health_api(),))


def _make_app(services: Services, dialects: Sequence[Dialect]) -> web.Application:
    envelopes = Envelopes(dialects)
    metrics = RequestMetrics(services.metrics)
    app = web.Application(middlewares=[envelopes.middleware], client_max_size=json_body.MAX_BODY)
    for dialect in dialects:
        for base in dialect.bases:
            _add_routes(app, base, dialect, services, metrics)
    return app


def _add_routes(
    app: web.Application, base: str, dialect: Dialect, services: Services, metrics: RequestMetrics
) -> None:
    resources: dict[str, web.Resource] = {}
    for route in dialect.routes:
        resource = resources.get(route.path)
        if resource is None:
            resource = resources[route.path] = app.router.add_resource(base + route.path)
        endpoint = metrics.measured(_endpoint(services, dialect, route), dialect.name, route)
        resource.add_route(route.method, endpoint, expect_handler=_continue)
        if route.method == "GET":
            resource.add_route(hdrs.METH_HEAD, endpoint, expect_handler=_continue)


def _endpoint(services: Services, dialect: Dialect, route: Route) -> _Endpoint:
    async def handle(request: web.Request) -> web.StreamResponse:
        seen = services.position()
        principal = await _admit(request, services, dialect, route)
        body = await json_body.read_body(request) if request.body_exists else b""
        context = RequestContext(request, services, principal, body=body)
        if route.keyed:
            reply = await context.idempotently(partial(_reply, route, context))
            return await respond(request, reply, services, seen)
        answer = await route.handler(context)
        if isinstance(answer, web.StreamResponse):
            return answer
        return await respond(request, answer, services, seen)

    return handle


async def _admit(
    request: web.Request, services: Services, dialect: Dialect, route: Route
) -> Principal:
    """Return the request's principal; raises Refused 401, 403, and 404 for a NUL in the path."""
    if "\0" in request.path:
        message = "There is nothing at this path"
        raise Refused("not_found", message)
    if route.scope is None:
        return auth.anonymous(request, dialect.tenant)
    identity = await services.authenticator.identify(auth.bearer_token(request))
    tenant = auth.tenant_of(request, identity, dialect.tenant)
    auth.require_scope(identity, route.scope)
    return Principal(subject=identity.subject, tenant=tenant, scopes=identity.scopes)


async def _reply(route: Route, context: RequestContext) -> Reply:
    reply = await route.handler(context)
    if not isinstance(reply, Reply):
        message = (
            f"{route.method} {route.path} returned a stream, which no Idempotency-Key can replay:"
            " declare the route with idempotent=False"
        )
        raise TypeError(message)
    return reply


async def _continue(request: web.Request) -> None:
    """Send `100 Continue` to a client that waits for it; ignore other expectations."""
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # aiohttp counts these bytes as the start of the response, which has not started yet.
        request.writer.output_size = 0
