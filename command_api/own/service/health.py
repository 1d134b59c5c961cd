"""/healthz, /readyz and /metrics: the state of this process, for probes and Prometheus."""

import ipaddress
from contextlib import suppress

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from baton.command_api.commands import find_stuck_runs
from baton.command_api.dialect.contract import Handler, Route
from baton.command_api.http.reply import JSON, Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.metrics_text import metrics_text
from baton.command_api.principal import ADMIN
from baton.command_api.readiness import check_readiness, words_of
from baton.command_api.security import auth
from baton.eventlog.errors import Unavailable

_PROXY_HEADERS = frozenset(
    (
        "cf-connecting-ip",
        "client-ip",
        "fastly-client-ip",
        "fly-client-ip",
        "forwarded",
        "forwarded-for",
        "proxy-connection",
        "true-client-ip",
        "via",
    )
)
_PROXY_PREFIXES = ("x-forwarded", "x-real-", "x-original-", "x-client-ip", "x-cluster-", "x-envoy-")
"""Headers by which proxies say that they forward a request: one of them closes /metrics."""


async def _alive(context: RequestContext) -> Reply:
    return context.reply(200, {"status": "ok"})


async def _ready(context: RequestContext) -> Reply:
    checks = await check_readiness(context.services)
    ready = all(checks.values())
    body = {"status": "ready" if ready else "unavailable", "checks": words_of(checks)}
    return context.reply(200 if ready else 503, body)


async def _metrics(context: RequestContext) -> Reply:
    """Show all metrics on this machine; elsewhere those of other tenants are left out."""
    tenants = None
    if not is_from_loopback(context.request):
        token = auth.bearer_token(context.request)
        identity = await context.services.authenticator.identify(token)
        auth.require_scope(identity, ADMIN)
        tenants = identity.tenants
    with suppress(Unavailable):
        await find_stuck_runs(context.services)
    text = metrics_text(context.services.metrics, tenants)
    return Reply(status=200, body=text, content_type=CONTENT_TYPE_LATEST)


def is_from_loopback(request: web.Request) -> bool:
    """Return whether the peer has a loopback address and doesn't forward for another host."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    if not isinstance(peer, tuple) or any(map(_is_from_proxy, request.headers)):
        return False
    address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _is_from_proxy(name: str) -> bool:
    lower = name.lower()
    return lower in _PROXY_HEADERS or lower.startswith(_PROXY_PREFIXES)


def _route(path: str, handler: Handler, name: str, summary: str, media: str = JSON) -> Route:
    return Route(
        method="GET",
        path=path,
        handler=handler,
        scope=None,
        summary=summary,
        operation_id=name,
        tag="Service",
        content={media: {"type": "object" if media == JSON else "string"}},
    )


ROUTES = (
    _route("/healthz", _alive, "getHealth", "Liveness: 200 while the process answers"),
    _route(
        "/readyz", _ready, "getReadiness", "Readiness: 200 if every dependency answers, else 503"
    ),
    _route("/metrics", _metrics, "getMetrics", "Metrics in Prometheus' text format", "text/plain"),
)
