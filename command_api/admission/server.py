"""The server behind one application: its connections, their deadlines, and its refusals' bytes."""

import asyncio
import re
from collections.abc import Callable
from typing import TypeAlias

from aiohttp import web

from baton.command_api.admission import refusal_log
from baton.command_api.admission.admission import Admission
from baton.command_api.admission.connection import Connection
from baton.command_api.admission.headers import close, set_headers
from baton.command_api.admission.http_versions import answering_in_1_1
from baton.command_api.admission.peers import Peer
from baton.command_api.http.refusal import STATUS, Refusal

Render: TypeAlias = Callable[[str, Refusal], web.Response]
"""Called with a path and a refusal; returns it in the envelope of the path's dialect."""

SWEEP_S = 1.0
"""The interval at which the deadlines of all connections are checked, in seconds."""

_UNREADABLE = Refusal(code="validation_error", message="The request isn't valid HTTP")
_LATE = Refusal(code="request_timeout", message="The head of the request didn't arrive in time")
_CROWDED = Refusal(code="rate_limited", message="This peer has too many connections")
_PATH = re.compile(rb"[A-Za-z]{1,20} (/[!-~]*)")


class GuardedServer:
    """Creates the connections of one listening address and is their `ConnectionGuard`."""

    def __init__(self, server: web.Server, admission: Admission, render: Render) -> None:
        self._server, self._admission, self._render = server, admission, render
        server.request_factory = answering_in_1_1(server.request_factory)
        self._limits = admission.budgets.limits
        self.peers = admission.peers
        self.now = asyncio.get_running_loop().time()

    def __call__(self) -> Connection:
        """Return the protocol of a new connection."""
        return Connection(self._server, self)

    async def sweep(self) -> None:
        """Close late connections until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_S)
            self.now = loop.time()
            if self._limits.head_s:
                for connection in self._server.connections:
                    if isinstance(connection, Connection):
                        connection.expire(self.now, self._limits.head_s)

    def opened(self, connection: Connection) -> None:
        """End the oldest connection without a valid token if the peer has twice the allowed number.

        It may be the new connection itself.
        """
        limit = self._limits.peer_connections
        if not limit or connection.peer.connections <= 2 * limit:
            return
        others = (
            connection
            for connection in self._server.connections
            if isinstance(connection, Connection)
        )
        ended = next((one for one in others if _may_end(one, connection.peer)), connection)
        ended.end(_bytes_of(self._refuse(connection.peer, b"", _CROWDED)))

    def unreadable(self, connection: Connection, line: bytes) -> web.Response:
        """Return the response to input that the parser refused; the request began with `line`."""
        return self._refuse(connection.peer, line, _UNREADABLE)

    def late(self, connection: Connection, line: bytes) -> bytes:
        """Return the bytes of the response to a head that didn't arrive in time."""
        return _bytes_of(self._refuse(connection.peer, line, _LATE))

    def peer_left(self, connection: Connection) -> None:
        """Count a peer that left in the middle of a request."""
        self._admission.log.peer_left(connection.peer.name)

    def _refuse(self, peer: Peer, line: bytes, refusal: Refusal) -> web.Response:
        reason = "malformed" if refusal is _UNREADABLE else refusal.code
        status = STATUS[refusal.code]
        self._admission.log.refused(
            refusal_log.Refused(reason=reason, status=status, peer=peer.name)
        )
        match = _PATH.match(line)
        response = self._render(match[1].decode() if match else "", refusal)
        set_headers(response)
        close(response)
        return response


def _may_end(connection: Connection, peer: Peer) -> bool:
    return connection.peer is peer and not connection.trusted and connection.transport is not None


def _bytes_of(response: web.Response) -> bytes:
    """Return a response in the bytes to send when aiohttp has no request to answer."""
    body = response.body if isinstance(response.body, bytes) else b""
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body
