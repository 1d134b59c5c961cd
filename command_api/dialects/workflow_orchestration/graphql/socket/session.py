"""One socket of graphql-transport-ws: its messages, its operations, and the reason of its end.

Each operation is a task of its own, bounded in number. A socket ends when the client leaves, when
it breaks the protocol or reads too slowly, when its token ends, and when the server stops.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, Final

import orjson
from aiohttp import WSMsgType, web

from baton.command_api.dialects.workflow_orchestration.graphql.errors import error_of
from baton.command_api.dialects.workflow_orchestration.graphql.socket import closings
from baton.command_api.dialects.workflow_orchestration.graphql.socket.caller import (
    Caller,
    identify,
)
from baton.command_api.dialects.workflow_orchestration.graphql.socket.closings import Closing
from baton.command_api.dialects.workflow_orchestration.graphql.socket.messages import (
    ProtocolError,
    id_of,
    payload_of,
    read_message,
)
from baton.command_api.dialects.workflow_orchestration.graphql.socket.operation_messages import (
    messages_of,
)
from baton.command_api.http.refusal import Refused
from baton.command_api.http.request_context import RequestContext
from baton.command_api.streaming.credential import until_invalid
from baton.domain.json import JsonObject
from baton.eventlog.errors import Unavailable

INIT_S: Final = 3.0
"""Seconds in which `connection_init` must arrive."""
MAX_OPERATIONS: Final = 256
"""Operations of one socket at the same time; one more gets an error."""
STALLED_S: Final = 30.0
"""Seconds that one write may wait for the client to read."""
FINISH_S: Final = 6.0
"""Seconds for sending the reason of the end; then the connection is cut."""

HEARTBEAT_S: Final = 20.0
"""Seconds between pings; a client that doesn't answer one in half that time is cut off."""
MAX_MESSAGE_BYTES: Final = 256 * 1024
"""The largest message; a larger one closes the socket with 1009."""
PROTOCOL: Final = "graphql-transport-ws"
_CLOSE_S: Final = 5.0

_LOG = logging.getLogger(__name__)


class Session:
    """Serves one socket; `context` is that of the request to upgrade."""

    def __init__(self, context: RequestContext, socket: web.WebSocketResponse) -> None:
        self._context, self._socket = context, socket
        self._closing: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()
        self._caller: asyncio.Future[Caller] = asyncio.get_running_loop().create_future()
        self._began = False
        self._operations: dict[str, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Serve the socket until it ends, then close it."""
        parts = (self._read(), self._watch_caller(), self._watch_server())
        tasks = [asyncio.create_task(self._guard(part)) for part in parts]
        try:
            closing = await asyncio.shield(self._closing)
        finally:
            tasks += self._operations.values()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if closing is not closings.LEFT:
            await self.close(closing)

    def _end(self, closing: Closing) -> None:
        if not self._closing.done():
            self._closing.set_result(closing)

    async def close(self, closing: Closing) -> None:
        """Close the socket with the reason, and wait for the client to answer."""
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(FINISH_S):
                reason = closing.reason.encode()
                await self._socket.close(code=closing.code, message=reason, drain=False)
                return
        transport = self._context.request.transport
        if transport is not None:
            transport.abort()

    async def _guard(self, part: Coroutine[Any, Any, None]) -> None:
        """Run a part of the session; its exceptions end the socket."""
        try:
            await part
        except ProtocolError as error:
            self._end(error.closing)
        except ConnectionError:
            self._end(closings.LEFT)
        except TimeoutError:
            self._end(closings.TOO_SLOW)
        # The client gets a close code, whatever failed.
        except Exception:  # noqa: BLE001
            _LOG.exception("a socket failed")
            self._end(closings.FAILED)

    async def _watch_caller(self) -> None:
        """End the socket without `connection_init`, and when the caller's token ends."""
        try:
            async with asyncio.timeout(INIT_S):
                caller = await asyncio.shield(self._caller)
        except TimeoutError:
            self._end(closings.NO_INIT)
            return
        authenticator = self._context.services.authenticator
        identify = partial(authenticator.identify, caller.credential)
        await until_invalid(identify, caller.principal.tenant)
        self._end(closings.UNAUTHORIZED)

    async def _watch_server(self) -> None:
        await self._context.services.live.until_closed()
        self._end(closings.GOING_AWAY)

    async def _read(self) -> None:
        while not self._closing.done():
            message = await self._socket.receive()
            match message.type:
                case WSMsgType.TEXT:
                    await self._handle(read_message(message.data))
                case WSMsgType.BINARY:
                    raise ProtocolError(closings.invalid("Invalid message: it must be text"))
                case _:
                    self._end(closings.LEFT)
            await asyncio.sleep(0)  # messages that have arrived don't suspend `receive`

    async def _handle(self, message: JsonObject) -> None:
        match message["type"]:
            case "connection_init":
                await self._initialize(payload_of(message))
            case "ping":
                await self._send({"type": "pong", "payload": payload_of(message)})
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(id_of(message), payload_of(message, required=True))
            case "complete":
                self._cancel(id_of(message))
            case _:
                raise ProtocolError(closings.invalid("Invalid message: its type is unknown"))

    async def _initialize(self, payload: JsonObject) -> None:
        if self._began:
            raise ProtocolError(closings.TOO_MANY_INITS)
        self._began = True
        try:
            self._caller.set_result(await identify(self._context, payload))
        except Refused as refused:
            forbidden = refused.refusal.code != "unauthorized"
            raise ProtocolError(
                closings.FORBIDDEN if forbidden else closings.UNAUTHORIZED
            ) from None
        except Unavailable:
            raise ProtocolError(closings.UNAVAILABLE) from None
        await self._send({"type": "connection_ack"})

    async def _subscribe(self, ident: str, payload: JsonObject) -> None:
        if not self._caller.done():
            raise ProtocolError(closings.UNAUTHORIZED)
        if ident in self._operations:
            raise ProtocolError(closings.subscriber_exists(ident))
        if len(self._operations) >= MAX_OPERATIONS:
            error = error_of("rate_limited", f"A socket may have {MAX_OPERATIONS} operations")
            await self._send({"id": ident, "type": "error", "payload": [error]})
            return
        task = asyncio.create_task(self._guard(self._execute(ident, payload)))
        self._operations[ident] = task
        task.add_done_callback(partial(self._forget, ident))

    def _cancel(self, ident: str) -> None:
        """Cancel an operation, so that its id can be used again; unknown ids have just ended."""
        task = self._operations.pop(ident, None)
        if task is not None:
            task.cancel()

    def _forget(self, ident: str, task: asyncio.Task[None]) -> None:
        if self._operations.get(ident) is task:
            del self._operations[ident]

    async def _execute(self, ident: str, payload: JsonObject) -> None:
        """Send the results of an operation."""
        principal = self._caller.result().principal
        request, services = self._context.request, self._context.services
        context = RequestContext(request, services, principal, read=_no_body)
        async with aclosing(messages_of(payload, context)) as messages:
            async for message in messages:
                await self._send({"id": ident, **message})

    async def _send(self, message: JsonObject) -> None:
        """Send a message; returns when the connection can take more."""
        async with asyncio.timeout(STALLED_S):
            await self._socket.send_frame(orjson.dumps(message), WSMsgType.TEXT)


async def serve_socket(context: RequestContext) -> web.WebSocketResponse:
    """Upgrade a request and serve its socket; raises HTTPBadRequest for a wrong handshake."""
    socket = web.WebSocketResponse(
        protocols=(PROTOCOL,),
        heartbeat=HEARTBEAT_S,
        timeout=_CLOSE_S,
        max_msg_size=MAX_MESSAGE_BYTES,
        compress=False,
    )
    await socket.prepare(context.request)
    session = Session(context, socket)
    if socket.ws_protocol == PROTOCOL:
        await session.serve()
    else:
        await session.close(closings.OTHER_PROTOCOL)
    return socket


async def _no_body() -> bytes:
    return b""
