"""Reads request bodies within a deadline, a minimum speed, and budgets of bytes.

aiohttp's own decompression is off: it never answers a body whose encoding is broken (3.14.5).
"""

import asyncio
import zlib

from aiohttp import ClientError, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from baton.command_api.admission.connection import Connection
from baton.command_api.budgets import Budgets
from baton.command_api.budgets.turns import LARGE
from baton.command_api.http.json_body import MAX_BODY
from baton.command_api.http.refusal import Refused

GRACE_S = 5.0
"""The time after which the minimum speed is required, in seconds."""

_READING = (
    ClientError,
    HttpProcessingError,
    OSError,
    RuntimeError,
    TimeoutError,
    web.RequestPayloadError,
)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


class PeerLeft(Exception):
    """The peer closed the connection before its body was complete; no response can reach it."""


class BodyReader:
    """Reads the bodies of one server's requests."""

    def __init__(self, budgets: Budgets) -> None:
        self._budgets = budgets
        self._limits = budgets.limits

    async def read(self, request: web.Request, connection: Connection) -> bytes:
        """Return the decoded body; `connection` holds its bytes until it is released.

        Raises:
            Refused: 400, 408, 413, 415, 429.
            PeerLeft: The connection was closed.

        """
        encoding = _encoding(request)
        if (request.content_length or 0) > MAX_BODY:
            raise _too_large()
        try:
            content = request.content
            raw = (
                content.read_nowait()
                if content.is_eof()
                else await self._slowly(request, connection)
            )
        except _READING as error:
            raise _fault(error, connection) from None
        if len(raw) > MAX_BODY:
            raise _too_large()
        if not encoding:
            return raw
        return await self._budgets.turns.run(MAX_BODY, lambda: _decoded(raw, encoding))

    async def _slowly(self, request: web.Request, connection: Connection) -> bytes:
        """Read a body that hasn't arrived completely."""
        if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
            await request.writer.write(_CONTINUE)
            # aiohttp counts these bytes as the start of the response, which has not started yet.
            request.writer.output_size = 0
        loop = asyncio.get_running_loop()
        body, began = bytearray(), loop.time()
        async with asyncio.timeout_at(self._deadline(began, 0)) as deadline:
            while chunk := await request.content.readany():
                self._spend(connection, len(chunk))
                body += chunk
                if len(body) > MAX_BODY:
                    raise _too_large()
                if len(body) > LARGE:
                    await self._budgets.turns.pause()
                deadline.reschedule(self._deadline(began, len(body)))
        return bytes(body)

    def _deadline(self, began: float, received: int) -> float | None:
        limits = self._limits
        ends = [began + limits.body_s] if limits.body_s else []
        if limits.body_bytes_per_s:
            ends.append(began + GRACE_S + received / limits.body_bytes_per_s)
        return min(ends, default=None)

    def _spend(self, connection: Connection, size: int) -> None:
        connection.held += size
        connection.peer.bytes += size
        if self._limits.peer_bytes and connection.peer.bytes > self._limits.peer_bytes:
            message = "Too many bytes of this peer are in flight; try again later"
            raise Refused("rate_limited", message, headers={"Retry-After": "1"})


def _fault(error: Exception, connection: Connection) -> Exception:
    """Translate an error of reading to a refusal or to PeerLeft, or return the error itself."""
    if isinstance(error, TimeoutError):
        return Refused("request_timeout", "The body didn't arrive in time")
    if isinstance(error, (web.RequestPayloadError, HttpProcessingError)):
        message = "The body can't be read: its length or its chunks are wrong"
        return Refused("validation_error", message)
    # aiohttp raises RuntimeError when the reading of a closed connection begins.
    if isinstance(error, RuntimeError) and connection.connected:
        return error
    return PeerLeft()


def _encoding(request: web.Request) -> str:
    """Return gzip, deflate or nothing; raises Refused 415 for any other Content-Encoding."""
    if hdrs.CONTENT_ENCODING not in request.headers:
        return ""
    values = request.headers.getall(hdrs.CONTENT_ENCODING)
    name = ",".join(values).strip().lower()
    if name in ("", "identity"):
        return ""
    if name in ("gzip", "x-gzip", "deflate"):
        return name
    message = "The Content-Encoding isn't supported; use gzip, deflate or none"
    raise Refused("unsupported_media_type", message, headers={"Accept-Encoding": "gzip, deflate"})


def _decoded(raw: bytes, encoding: str) -> bytes:
    decoder = zlib.decompressobj(_window(raw, encoding))
    try:
        body = decoder.decompress(raw, MAX_BODY + 1)
    except zlib.error:
        raise _broken_encoding() from None
    if len(body) > MAX_BODY:
        raise _too_large()
    if not decoder.eof or decoder.unused_data:
        raise _broken_encoding()
    return body


def _window(raw: bytes, encoding: str) -> int:
    """Return zlib's window parameter; for `deflate`, some senders omit zlib's header."""
    if encoding != "deflate":
        return _GZIP
    has_head = len(raw) > 1 and raw[0] & 0x0F == zlib.DEFLATED and (raw[0] * 256 + raw[1]) % 31 == 0
    return _ZLIB if has_head else _RAW


def _broken_encoding() -> Refused:
    return Refused("validation_error", "The body isn't what its Content-Encoding says")


def _too_large() -> Refused:
    return Refused("payload_too_large", f"The body is larger than {MAX_BODY} bytes")
