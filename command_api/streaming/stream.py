"""Answers a request by a stream of live events that ends with its token, its reader or the server.

A stream ends with a reason: as the close code of a WebSocket, or as a last line that holds the
dialect's error, `closeCode` and `after`, by which the client resumes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Final, TypeAlias

import orjson
from aiohttp import hdrs, web

from baton.command_api.admission.hosts import require_same_site
from baton.command_api.dialect.contract import ErrorRenderer
from baton.command_api.dialect.envelopes import trace_id
from baton.command_api.http.query_parameters import integer
from baton.command_api.http.read_your_write import POSITION
from baton.command_api.http.refusal import Refusal, Refused, refused_field
from baton.command_api.http.request_context import RequestContext
from baton.command_api.live.ending import (
    FAILED,
    LEFT,
    NOT_AUTHORIZED,
    TOO_SLOW,
    UNAVAILABLE,
    Ending,
)
from baton.command_api.live.live_feed import BeyondTheLog, TooManySubscribers
from baton.command_api.live.subscription import EventFilter, Subscription
from baton.command_api.principal import Identity
from baton.command_api.streaming.credential import until_invalid
from baton.command_api.streaming.ndjson import NdjsonWriter
from baton.command_api.streaming.sse import EVENT_STREAM, LAST_EVENT_ID, FrameWriter, SseWriter
from baton.command_api.streaming.stream_writer import StreamWriter
from baton.command_api.streaming.websocket import WebSocketWriter
from baton.command_api.ui.session_cookie import credential_of
from baton.eventlog.errors import Unavailable

STALLED_S: Final = 30.0
"""Seconds that one write may wait for the client to read."""
FINISH_S: Final = 6.0
"""Seconds for sending the reason of the end; then the connection is cut."""
MAX_POSITION: Final = 9_999_999_999

Send: TypeAlias = Callable[[Subscription, StreamWriter], Awaitable[None]]
"""Sends what a subscription receives until it is cancelled, or raises TimeoutError,
ConnectionError or `Unavailable`."""

_log = logging.getLogger(__name__)


async def stream_events(
    context: RequestContext,
    wanted: EventFilter,
    render_error: ErrorRenderer,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> web.StreamResponse:
    """Stream the events that `wanted` matches, from the position `after` of the query on.

    A request to upgrade gets a WebSocket, one that accepts text/event-stream server-sent events,
    and any other one a response in NDJSON, with `headers`.
    Raises Refused 400, 403 and 429, and `Unavailable`.
    """
    request, after = context.request, position_after(context)
    if _wants_websocket(request):
        require_same_site(request)
    return await _stream(context, wanted, render_error, after=after, headers=headers)


async def stream_frames(
    context: RequestContext,
    wanted: EventFilter,
    render_error: ErrorRenderer,
    send: Send,
) -> web.StreamResponse:
    """Stream the frames that `send` sends, as server-sent events, from now on.

    Raises Refused 403 and 429, and `Unavailable`.
    """
    return await _stream(context, wanted, render_error, after=None, send=send)


async def _stream(
    context: RequestContext,
    wanted: EventFilter,
    render_error: ErrorRenderer,
    *,
    after: int | None,
    headers: Mapping[str, str] = MappingProxyType({}),
    send: Send | None = None,
) -> web.StreamResponse:
    try:
        async with context.services.live.subscription(wanted, after=after) as subscription:
            head = {POSITION: str(subscription.position), **headers}
            writer = _writer(context, head) if send is None else FrameWriter(context.request, head)
            await writer.open()
            if context.request.method != hdrs.METH_HEAD:
                await _serve(context, subscription, writer, render_error, send or _send_lines)
            return writer.response
    except BeyondTheLog as error:
        message = f"after lies beyond the end of the log, which is {error.head}"
        raise refused_field(message, "after") from error
    except TooManySubscribers:
        message = "The tenant has too many open streams at this server"
        raise Refused("rate_limited", message, headers={"Retry-After": "1"}) from None


def _writer(context: RequestContext, head: Mapping[str, str]) -> StreamWriter:
    if _wants_websocket(context.request):
        return WebSocketWriter(context.request, head)
    if _wants_events(context):
        return SseWriter(context.request, head)
    return NdjsonWriter(context.request, head)


def _wants_events(context: RequestContext) -> bool:
    return EVENT_STREAM in context.headers.get(hdrs.ACCEPT, "")


def _wants_websocket(request: web.Request) -> bool:
    upgrade = request.headers.get(hdrs.UPGRADE, "").strip().lower()
    return request.method == hdrs.METH_GET and upgrade == "websocket"


def position_after(context: RequestContext) -> int | None:
    """Return the position to resume behind, None for now; raises Refused 400."""
    after = integer(context.query, "after", -1, at_least=0, at_most=MAX_POSITION)
    if after < 0 and _wants_events(context):
        after = integer(context.headers, LAST_EVENT_ID, -1, at_least=0, at_most=MAX_POSITION)
    return None if after < 0 else after


async def _serve(
    context: RequestContext,
    subscription: Subscription,
    writer: StreamWriter,
    render_error: ErrorRenderer,
    send: Send,
) -> None:
    """Send events until the stream ends, then the reason."""
    ending = await _send_until_ended(context, subscription, writer, send)
    if ending is LEFT:
        return
    after = context.services.live.resume_at(subscription)
    trace = trace_id(context.request)
    _, members = render_error(Refusal(code=ending.word, message=ending.message, trace_id=trace))
    last = {**members, "closeCode": ending.close_code, "after": after}
    line = orjson.dumps(last, option=orjson.OPT_APPEND_NEWLINE)
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(FINISH_S):
            await writer.finish(ending, line, after=after)
            return
    if context.request.transport is not None:
        context.request.transport.abort()


async def _send_until_ended(
    context: RequestContext, subscription: Subscription, writer: StreamWriter, send: Send
) -> Ending:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_send(subscription, writer, send)),
                group.create_task(_watch(subscription, writer)),
                group.create_task(_check_token(context, subscription)),
            ]
            await asyncio.shield(subscription.ended)
            for task in tasks:
                task.cancel()
    except ExceptionGroup:
        _log.exception("a stream failed")
        subscription.end(FAILED)
    return subscription.ended.result()


async def _send(subscription: Subscription, writer: StreamWriter, send: Send) -> None:
    try:
        await send(subscription, writer)
    except TimeoutError:
        subscription.end(TOO_SLOW)
    except ConnectionError:
        subscription.end(LEFT)
    except Unavailable:
        subscription.end(UNAVAILABLE)


async def _send_lines(subscription: Subscription, writer: StreamWriter) -> None:
    render = subscription.wanted.render
    while True:
        events = await subscription.next()
        async with asyncio.timeout(STALLED_S):
            await writer.send([event.shown(render).line for event in events])


async def _watch(subscription: Subscription, writer: StreamWriter) -> None:
    try:
        await writer.watch(subscription)
    except ConnectionError:
        subscription.end(LEFT)


async def _check_token(context: RequestContext, subscription: Subscription) -> None:
    services = context.services

    async def identify() -> Identity:
        credential = credential_of(context.request, services.sessions)
        return await services.authenticator.identify(credential)

    await until_invalid(identify, context.tenant)
    subscription.end(NOT_AUTHORIZED)
