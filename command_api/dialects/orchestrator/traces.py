"""Trace context of requests and runs: the caller's `traceparent` is passed on and sent back."""

from dataclasses import replace

from aiohttp import web

from baton.command_api.dialect.contract import Handler, HeaderParameter, Route
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.protocols.trace_context import derived_traceparent, trace_id_of

TRACEPARENT = "traceparent"
_HEADER = HeaderParameter(
    name=TRACEPARENT,
    schema={"type": "string"},
    description="Trace context (W3C): a run keeps its trace id, and functions get it",
)


def trace_id(run_id: str, traceparent: str | None) -> str:
    """Return the trace id of the request that started a run, else one derived from its id."""
    known = trace_id_of(traceparent) or trace_id_of(derived_traceparent(run_id))
    return known or ""


def traceparent_of(context: RequestContext) -> dict[str, str]:
    """Return the headers of a response that send the caller's `traceparent` back, if any."""
    sent = context.traceparent
    return {} if sent is None else {TRACEPARENT: sent}


def traced(route: Route) -> Route:
    """Return the route with a handler that sends the caller's `traceparent` back.

    A handler that streams passes `traceparent_of` on itself.
    """
    return replace(route, handler=_returning(route.handler), headers=(*route.headers, _HEADER))


def _returning(handler: Handler) -> Handler:
    async def handle(context: RequestContext) -> Reply | web.StreamResponse:
        answer = await handler(context)
        sent = traceparent_of(context)
        if not sent or not isinstance(answer, Reply):
            return answer
        return replace(answer, headers=(*answer.headers, *sent.items()))

    return handle
