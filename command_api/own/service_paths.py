"""Baton's own paths, which belong to no seed: events in, health, metrics, documents.

Envelope of refusals: `{error, message, details?}`.
"""

import asyncio
import ipaddress
from collections.abc import Mapping, Sequence

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from baton.command_api.dialect.contract import Dialect, FromToken, Handler, Route
from baton.command_api.dialect.openapi import document_of
from baton.command_api.http.refusal import STATUS, Refusal, Refused
from baton.command_api.http.reply import Reply, json_reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own import runs as own_runs
from baton.command_api.own.docs_page import docs_page
from baton.command_api.own.events import EventsAccepted, take_events
from baton.command_api.principal import ADMIN, WRITE
from baton.command_api.security import auth
from baton.command_api.services import Services
from baton.domain.json import JsonObject

NAME = "baton"
_CHECK_TIMEOUT_S = 2.0
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")


def own_paths(spoken: Sequence[Dialect]) -> Dialect:
    """Return the own paths as a dialect; its documents are those of `spoken` and of itself."""
    own = Dialect(
        name=NAME,
        title="Baton's own paths",
        bases=("",),
        routes=(_EVENTS, *own_runs.ROUTES, *_HEALTH),
        render_error=render_error,
        tenant=FromToken(),
    )
    documents = {one.name: json_reply(200, document_of(one)) for one in (*spoken, own)}
    page = docs_page((*spoken, own))
    shown = (
        _open("/openapi/{dialect}.json", _document(documents), "The OpenAPI document of a dialect"),
        _open("/docs", _page(page), "All operations on one page"),
    )
    return Dialect(
        name=own.name,
        title=own.title,
        bases=own.bases,
        routes=(*own.routes, *shown),
        render_error=own.render_error,
        tenant=own.tenant,
    )


def health_paths() -> Dialect:
    """Return what a service answers that takes no commands: how it is, and what it counted."""
    return Dialect(
        name=NAME,
        title="How this service is",
        bases=("",),
        routes=_HEALTH,
        render_error=render_error,
        tenant=FromToken(),
    )


def render_error(refusal: Refusal) -> tuple[int, JsonObject]:
    """Return status and body of a refusal."""
    body: JsonObject = {"error": refusal.code, "message": refusal.message}
    if refusal.faults:
        body["details"] = [
            {"field": fault.place, "message": fault.message} for fault in refusal.faults
        ]
    return STATUS[refusal.code], body


async def _alive(context: RequestContext) -> Reply:
    return context.reply(200, {"status": "ok"})


async def _ready(context: RequestContext) -> Reply:
    checks = context.services.checks
    results = await asyncio.gather(*(_holds(context.services, name) for name in checks))
    found = dict(zip(checks, results, strict=True))
    ready = all(found.values())
    told = {name: "ok" if good else "failing" for name, good in found.items()}
    body = {"status": "ready" if ready else "unavailable", "checks": told}
    return context.reply(200 if ready else 503, body)


async def _holds(services: Services, name: str) -> bool:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            return await services.checks[name]()
    # A check that fails in any way is a check that does not hold.
    except Exception:  # noqa: BLE001 - the name of the failing check is told
        return False


async def _metrics(context: RequestContext) -> Reply:
    if not _from_this_machine(context.request):
        token = auth.bearer_token(context.request)
        auth.require_scope(await context.services.authenticator.identify(token), ADMIN)
    text = generate_latest(context.services.metrics)
    return Reply(status=200, body=text, content_type=CONTENT_TYPE_LATEST)


def _from_this_machine(request: web.Request) -> bool:
    """Whether the peer is a loopback address that does not speak for somebody else."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    if not isinstance(peer, tuple) or any(name in request.headers for name in _FORWARDED):
        return False
    address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _document(documents: Mapping[str, Reply]) -> Handler:
    async def show(context: RequestContext) -> Reply:
        found = documents.get(context.params["dialect"])
        if found is None:
            message = f"There is no such document; there are {', '.join(documents)}"
            raise Refused("not_found", message)
        return found

    return show


def _page(html: str) -> Handler:
    reply = Reply(
        status=200,
        body=html.encode(),
        content_type="text/html; charset=utf-8",
        headers=(
            ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
            ("X-Content-Type-Options", "nosniff"),
        ),
    )

    async def show(_: RequestContext) -> Reply:
        return reply

    return show


def _open(path: str, handler: Handler, summary: str) -> Route:
    return Route(
        method="GET", path=path, handler=handler, scope=None, summary=summary, tag="Service"
    )


_HEALTH = (
    _open("/healthz", _alive, "The process answers"),
    _open("/readyz", _ready, "All it stands on answers"),
    _open("/metrics", _metrics, "Metrics in Prometheus' text format"),
)
_PAYLOAD = {
    "type": "object",
    "required": ["event", "recordSlug"],
    "properties": {
        "event": {"type": "string"},
        "workspaceSlug": {"type": "string"},
        "recordSlug": {"type": "string"},
        "recordId": {"type": "string"},
        "data": {},
    },
}
_CLOUD_EVENT = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        **{name: {"type": "string"} for name in ("id", "source", "type", "subject", "time")},
        "data": {},
    },
}
_EVENT_BODIES = {
    "requestBody": {
        "required": True,
        "content": {
            "application/cloudevents+json": {"schema": _CLOUD_EVENT},
            "application/cloudevents-batch+json": {
                "schema": {"type": "array", "items": _CLOUD_EVENT, "minItems": 1}
            },
            "application/json": {"schema": _PAYLOAD},
        },
    }
}
_EVENTS = Route(
    method="POST",
    path="/events",
    handler=take_events,
    scope=WRITE,
    summary="Send record events: CloudEvents (structured, binary, batch) or plain payloads",
    tag="Events",
    response=EventsAccepted,
    status=202,
    problems={400: "An event cannot be read; none was taken"},
    operation=_EVENT_BODIES,
)
