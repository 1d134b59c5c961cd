"""A connection of the server: aiohttp's, with a deadline for heads and Baton's error responses.

`web.RequestHandler` answers unparseable input with plain text that quotes the input, and logs a
traceback. It has no deadline for a head that arrives slowly. Decision 0019 says why this is a
subclass, and on which members of aiohttp it relies.
"""

import asyncio
from typing import Protocol

from aiohttp import ClientError, StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import EMPTY_PAYLOAD

from baton.command_api.admission.peers import Peer, Peers

KEEPALIVE_S = 75.0
"""The time that a connection stays open between two requests, in seconds."""

LINGERING_S = 2.0
"""The time for which the rest of a refused body is read, so that its sender gets the response."""

_BUFFER = 64 * 1024
"""The bytes of a body that are buffered; at twice as many, reading from the socket pauses."""

_LINE = 256
"""The bytes of a request's beginning that are kept to determine the dialect of its path."""

_PEERS_FAULTS = (ClientError, ConnectionError, HttpProcessingError, web.RequestPayloadError)


class ConnectionGuard(Protocol):
    """The server side of a connection's admission; `now` is the loop's time of the last sweep."""

    now: float
    peers: Peers

    def opened(self, connection: "Connection") -> None:
        """Close another connection of the peer if it has far too many of them, or this one."""
        ...

    def unreadable(self, connection: "Connection", line: bytes) -> web.Response:
        """Return the response to input that the parser refused; the request began with `line`."""
        ...

    def late(self, connection: "Connection", line: bytes) -> bytes:
        """Return the bytes of the response to a head that didn't arrive in time."""
        ...

    def peer_left(self, connection: "Connection") -> None:
        """Count a peer that left in the middle of a request."""
        ...


class Connection(web.RequestHandler):
    """A connection of `server`.

    `held` is the part of the peer's byte budget that it holds. `trusted` is set once it has sent a
    valid token, `unsupported` once a request had an unsupported HTTP version.
    """

    __slots__ = (
        "_guard",
        "_head_began",
        "_line",
        "_newest",
        "held",
        "peer",
        "trusted",
        "unsupported",
    )

    def __init__(self, server: web.Server, guard: ConnectionGuard) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # aiohttp allows it, its annotation doesn't
            auto_decompress=False,
            keepalive_timeout=KEEPALIVE_S,
            lingering_time=LINGERING_S,
            read_bufsize=_BUFFER,
        )
        self._guard = guard
        self._head_began = 0.0
        self._line = b""
        self._newest: StreamReader = EMPTY_PAYLOAD
        self.held = 0
        self.peer = Peer("")
        self.trusted = False
        self.unsupported = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, and start the deadline of its first request's head."""
        self.peer = self._guard.peers.enter(transport.get_extra_info("peername"))
        self._head_began = self._guard.now
        super().connection_made(transport)
        self._guard.opened(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Return the budget that the connection holds."""
        self.release()
        self._guard.peers.leave(self.peer)
        super().connection_lost(exc)
        self._newest = EMPTY_PAYLOAD  # a body knows its connection: the two would keep each other

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and keep the time at which a head began until it is complete."""
        if not self._line and self._newest.is_eof():
            self._line = data[:_LINE]
            self._head_began = self._head_began or self._guard.now
        count = self._request_count
        super().data_received(data)
        if self._request_count != count and self._messages:
            self._received(*self._messages[-1])

    def _received(self, message: object, payload: StreamReader) -> None:
        """Process a complete head, or the parser's refusal of one."""
        if not hasattr(message, "exc"):
            self._head_began, self._line, self._newest = 0.0, b"", payload
            return
        self._head_began = 0.0
        if not self._newest.is_eof():
            # The parser gave up in the middle of a body, without an error for the body's reader.
            self._newest.set_exception(web.RequestPayloadError())

    def expire(self, now: float, after_s: float) -> None:
        """Close the connection if a head has been arriving for more than `after_s`."""
        if not self._head_began or now - self._head_began <= after_s:
            return
        if self._current_request is None and self.transport is not None:
            self.end(self._guard.late(self, self._line) if self._line else b"")

    def end(self, response: bytes) -> None:
        """End the connection, after a response to an incomplete request."""
        if self.transport is not None:
            self.transport.write(response)
        self.force_close()

    def release(self) -> None:
        """Give the bytes of a request back to the peer's budget."""
        self.peer.bytes -= self.held
        self.held = 0

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the response to input that the parser refused; it never quotes the input."""
        if status >= 500:  # noqa: PLR2004 - not the parser: a fault of the application's own
            return super().handle_error(request, status, exc, message)
        if request.writer.output_size > 0:
            raise ConnectionError
        return self._guard.unreadable(self, self._line)

    def log_exception(self, *args: object, **kw: object) -> None:
        """Count the faults of the peer, which leaves or breaks off a body; log any other error."""
        if not self.connected or isinstance(kw.get("exc_info"), _PEERS_FAULTS):
            self._guard.peer_left(self)
        else:
            super().log_exception(*args, **kw)
