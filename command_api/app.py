"""The HTTP application: every dialect's routes behind one path of admission.

Admission is: whose token, which tenant, which scope, then the body within its limit; after it the
handler, under the Idempotency-Key where there is one; then the wait for the views.
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
from baton.command_api.own import service_paths as own_paths
from baton.command_api.principal import Principal
from baton.command_api.request_metrics import HttpMetrics
from baton.command_api.security import auth
from baton.command_api.services import Services

_Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(services: Services, dialects: Sequence[Dialect] | None = None) -> web.Application:
    """Return the application; without `dialects` it speaks all that `discover` finds."""
    spoken = discover() if dialects is None else tuple(dialects)
    return _app(services, (*spoken, own_paths.own_paths(spoken)))


def make_health_app(services: Services) -> web.Application:
    """Return what a service without commands answers: /healthz, /readyz and /metrics."""
    return _app(services, (own_paths.health_paths(),))


def _app(services: Services, everything: Sequence[Dialect]) -> web.Application:
    envelopes = Envelopes(everything)
    metrics = HttpMetrics(services.metrics)
    app = web.Application(middlewares=[envelopes.middleware], client_max_size=json_body.MAX_BODY)
    for dialect in everything:
        for base in dialect.bases:
            _add_routes(app, base, dialect, services, metrics)
    return app


def _add_routes(
    app: web.Application, base: str, dialect: Dialect, services: Services, metrics: HttpMetrics
) -> None:
    resources: dict[str, web.Resource] = {}
    for route in dialect.routes:
        resource = resources.get(route.path)
        if resource is None:
            resource = resources[route.path] = app.router.add_resource(base + route.path)
        endpoint = metrics.observed(_endpoint(services, dialect, route), dialect.name, route)
        resource.add_route(route.method, endpoint, expect_handler=_expect)
        if route.method == "GET":
            resource.add_route(hdrs.METH_HEAD, endpoint, expect_handler=_expect)


def _endpoint(services: Services, dialect: Dialect, route: Route) -> _Endpoint:
    async def answer(request: web.Request) -> web.StreamResponse:
        seen = services.position()
        principal = await _admit(request, services, dialect, route)
        body = await json_body.read_body(request) if request.body_exists else b""
        context = RequestContext(request, services, principal, body=body)
        if route.keyed:
            return await respond(
                request, await context.idempotently(partial(_reply, route, context)), services, seen
            )
        reply = await route.handler(context)
        if isinstance(reply, web.StreamResponse):
            return reply
        return await respond(request, reply, services, seen)

    return answer


async def _admit(
    request: web.Request, services: Services, dialect: Dialect, route: Route
) -> Principal:
    """Return who asks; raises Refused 401, 403, 404 (a path that can name nothing)."""
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
        message = f"{route.method} {route.path} streams, so it cannot be kept under a key"
        raise TypeError(message)
    return reply


async def _expect(request: web.Request) -> None:
    """Ask for the body of a sender that waits for it; other expectations are not ours to meet."""
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # What was written counts as output; the answer proper has not begun.
        request.writer.output_size = 0
