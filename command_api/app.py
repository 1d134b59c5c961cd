"""The HTTP application: the routes of every dialect behind one admission.

A request is admitted in this order: host, token (an open route: origin), tenant, scope, headers,
body within its limits. Then the handler runs, under the request's Idempotency-Key if it has one,
and the response waits for the views.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry

from baton.command_api import as_of, starting
from baton.command_api.admission.admission import ADMISSION, Admission
from baton.command_api.admission.headers import secure
from baton.command_api.admission.server import Render
from baton.command_api.budgets import Budgets
from baton.command_api.dialect.contract import Dialect, Route, discover
from baton.command_api.dialect.envelopes import Envelopes
from baton.command_api.http.header_values import require_readable
from baton.command_api.http.query_parameters import known_only
from baton.command_api.http.read_your_write import respond
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own import health_api, own_api
from baton.command_api.own.service import documents
from baton.command_api.principal import Principal
from baton.command_api.request_metrics import RequestMetrics
from baton.command_api.security import auth
from baton.command_api.services import Services
from baton.command_api.sessions.sessions import Sessions
from baton.command_api.ui.pages import add_pages
from baton.command_api.ui.session_cookie import credential_of

RENDER: web.AppKey[Render] = web.AppKey("render")
"""Renders a refusal of unparseable input."""

_Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(services: Services, dialects: Sequence[Dialect] | None = None) -> web.Application:
    """Return an application with `dialects` (default: all that exist), Baton's own API, the UI."""
    spoken = (*(discover() if dialects is None else dialects), own_api())
    app = _make_app(services, spoken)
    app.on_shutdown.append(partial(_end_streams, services))
    documents.publish(app, spoken)
    add_pages(app)
    return app


def make_health_app(services: Services) -> web.Application:
    """Return the application of a service that accepts no commands: only health and metrics."""
    return _make_app(services, (health_api(),))


def make_starting_app() -> web.Application:
    """Return the application of a service that waits for its servers: alive, and not ready."""
    app = _guarded_app(Admission(Budgets(), CollectorRegistry()), (health_api(),))
    starting.add_routes(app)
    return app


def _guarded_app(admission: Admission, dialects: Sequence[Dialect]) -> web.Application:
    """Return an application without routes behind `admission`, with the errors of `dialects`."""
    envelopes = Envelopes(dialects, admission)
    app = web.Application(middlewares=[envelopes.middleware])
    app[ADMISSION], app[RENDER] = admission, envelopes.render
    app.on_response_prepare.append(secure)
    app.on_response_prepare.append(as_of.name_position)
    return app


def _make_app(services: Services, dialects: Sequence[Dialect]) -> web.Application:
    admission = Admission(services.budgets, services.metrics, services.accesses)
    metrics = RequestMetrics(services.metrics)
    app = _guarded_app(admission, dialects)
    for dialect in dialects:
        endpoints = _Endpoints(services, admission, dialect)
        for base in dialect.bases:
            _add_routes(app, base, endpoints, metrics)
    return app


def _add_routes(
    app: web.Application, base: str, endpoints: "_Endpoints", metrics: RequestMetrics
) -> None:
    dialect = endpoints.dialect
    resources: dict[str, web.Resource] = {}
    for route in dialect.routes:
        endpoint = metrics.measured(endpoints.endpoint(route), dialect.name, route)
        for path in (route.path, f"{route.path}/")[: 1 + route.trailing_slash]:
            resource = resources.get(path)
            if resource is None:
                resource = resources[path] = app.router.add_resource(base + path)
            resource.add_route(route.method, endpoint, expect_handler=_ignore_expectation)
            if route.method == "GET":
                resource.add_route(hdrs.METH_HEAD, endpoint, expect_handler=_ignore_expectation)


@dataclass(frozen=True, slots=True)
class _Endpoints:
    """Puts the admission in front of the routes of one dialect."""

    services: Services
    admission: Admission
    dialect: Dialect

    @property
    def sessions(self) -> Sessions | None:
        """The sessions with which this dialect can be called, if any."""
        return self.services.sessions if self.dialect.takes_sessions else None

    def endpoint(self, route: Route) -> _Endpoint:
        async def handle(request: web.Request) -> web.StreamResponse:
            principal = await self._admit(request, route)
            if self.dialect.strict_parameters and route.scope is not None:
                known_only(request.query, [one.name for one in route.query])
            read = partial(self.admission.read_body, request)
            services = await as_of.services_for(request, route, self.services)
            seen = services.position()
            context = RequestContext(request, services, principal, read=read)
            if not route.verifies_signature:
                context.read_key()
            if self.dialect.requires_keys and route.keyed and route.key_member is None:
                context.require_key()
            if route.scope is not None and route.takes_body:
                await context.read_body()
            try:
                answer = await _answer(route, context)
            finally:
                self.admission.release(request)
            if isinstance(answer, Reply):
                seen_by_caller = seen if route.scope else None
                return await respond(request, answer, services, seen_by_caller)
            return answer

        return handle

    async def _admit(self, request: web.Request, route: Route) -> Principal:
        """Return the principal; raises Refused 401, 403, 429, and 404 for a NUL in the path."""
        if "\0" in request.path:
            message = "There is nothing at this path"
            raise Refused("not_found", message)
        if route.scope is None:
            self.admission.check_open(request)
            if not route.verifies_signature:
                require_readable(request)
            return auth.anonymous(request, self.dialect.tenant)
        credential = credential_of(request, self.sessions)
        identity = await self.services.authenticator.identify(credential)
        self.admission.trust(request, identity)
        require_readable(request)
        tenant = auth.tenant_of(request, identity, self.dialect.tenant)
        auth.require_scope(identity, route.scope)
        return Principal(
            subject=identity.subject,
            tenant=tenant,
            scopes=identity.scopes,
            method=identity.method,
            key_id=identity.key_id,
        )


async def _answer(route: Route, context: RequestContext) -> Reply | web.StreamResponse:
    if route.keyed:
        reply = await context.idempotently(partial(_reply, route, context))
        return reply if route.complete is None else await route.complete(context, reply)
    return await route.handler(context)


async def _reply(route: Route, context: RequestContext) -> Reply:
    reply = await route.handler(context)
    if not isinstance(reply, Reply):
        message = (
            f"{route.method} {route.path} returned a stream, which no Idempotency-Key can replay:"
            " declare the route with idempotent=False"
        )
        raise TypeError(message)
    return reply


async def _end_streams(services: Services, _app: web.Application) -> None:
    """End the streams of a server that stops, so that their clients resume at another server."""
    services.live.close()


async def _ignore_expectation(request: web.Request) -> None:
    """Send no `100 Continue` yet, because only the body of an admitted request is read."""
