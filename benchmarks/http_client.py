"""A keep-alive HTTP/1.1 connection that leaves the processor to the server under test.

It sends prepared bytes and reads responses that have a Content-Length, and nothing more.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
_END_OF_HEAD = b"\r\n\r\n"
ANSWER_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Return the body, parsed as JSON."""
        return orjson.loads(self.body)


class Connection(asyncio.Protocol):
    """One request at a time; `connect` opens it."""

    def __init__(self) -> None:
        self._received = b""
        self._waiting: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        """Append to the response; complete the future once it is whole."""
        self._received += data
        end = self._received.find(_END_OF_HEAD)
        if end < 0 or self._waiting is None:
            return
        results = _LENGTH.search(self._received, 0, end + 2)
        body = end + len(_END_OF_HEAD)
        whole = body + (int(results[1]) if results else 0)
        if len(self._received) >= whole:
            status = int(self._received[9:12])
            answer, self._received = Answer(status, self._received[body:whole]), b""
            self._waiting.set_result(answer)
            self._waiting = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the pending request."""
        if self._waiting is not None:
            self._waiting.set_exception(exc or ConnectionResetError("the server hung up"))

    async def ask(self, request: bytes) -> Answer:
        """Send a request and return its response."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The API's URL and a token."""

    url: str
    token: str

    async def connect(self) -> Connection:
        """Open a connection."""
        at = urlsplit(self.url)
        _, connection = await asyncio.get_running_loop().create_connection(
            Connection, at.hostname or "", at.port or 80
        )
        return connection

    def request(self, method: str, path: str, body: object = None, *, prefer: str = "") -> bytes:
        """Encode a request; `prefer` becomes the Prefer header."""
        content = b"" if body is None else orjson.dumps(body)
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {urlsplit(self.url).netloc}\r\n"
            f"Authorization: Bearer {self.token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n"
            + (f"Prefer: {prefer}\r\n\r\n" if prefer else "\r\n")
        )
        return head.encode("ascii") + content
