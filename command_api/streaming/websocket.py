"""A stream as a WebSocket (RFC 6455): one JSON line a text message.

The stream takes no messages. Frames of a server aren't masked, and these aren't compressed, so the
frames of an event are the same bytes for every subscriber.
"""

import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from aiohttp import WSMsgType, web
from aiohttp.abc import AbstractStreamWriter

from baton.command_api.live.ending import LEFT, TOO_SLOW, UNEXPECTED_MESSAGE, Ending
from baton.command_api.live.subscription import Subscription

HEARTBEAT_S: Final = 20.0
"""Seconds without a frame from the client after which it is pinged. It has as long to answer."""
MAX_MESSAGE_BYTES: Final = 4 * 1024
"""The largest message that is read; a larger one closes the stream with 1009."""
CLOSE_S: Final = 5.0
"""Seconds that a client may take to read what was sent and to answer the close."""

_FINAL_TEXT: Final = 0x81
_SHORT: Final = 125
_MEDIUM: Final = 0xFFFF


class WebSocketWriter:
    """Implements `StreamWriter` over a WebSocket."""

    def __init__(self, request: web.Request, headers: Mapping[str, str]) -> None:
        self._request = request
        self._buffer: AbstractStreamWriter | None = None
        self.response = web.WebSocketResponse(
            autoping=False,
            compress=False,
            max_msg_size=MAX_MESSAGE_BYTES,
            timeout=CLOSE_S,
        )
        self.response.headers.update(headers)

    async def open(self) -> None:
        """Answer the handshake; raises HTTPBadRequest for a wrong one."""
        self._buffer = await self.response.prepare(self._request)

    async def send(self, lines: Sequence[bytes]) -> None:
        """Send each line as a text message; returns when the connection can take more.

        All frames go out in one write: aiohttp's writer would cost one for each of them.
        """
        transport = self._request.transport
        if transport is None or transport.is_closing() or self.response.closed:
            raise ConnectionResetError("the client left")
        if self._buffer is None:
            raise RuntimeError("the stream isn't open")
        transport.write(b"".join([part for line in lines for part in (_head(len(line)), line)]))
        await self._buffer.drain()

    async def watch(self, subscription: Subscription) -> None:
        """Ping the client and answer its pings; end `subscription` when it leaves.

        A client that doesn't answer a ping reads too slowly to see it. aiohttp's heartbeat would
        cut it off without a close frame.
        """
        pinged = False
        while not subscription.ended.done():
            try:
                message = await self.response.receive(timeout=HEARTBEAT_S)
            except TimeoutError:
                if pinged:
                    subscription.end(TOO_SLOW)
                await self.response.ping()
                pinged = True
                continue
            pinged = False
            if message.type is WSMsgType.PING:
                await self.response.pong(message.data)
            elif message.type is not WSMsgType.PONG:
                unexpected = message.type in (WSMsgType.TEXT, WSMsgType.BINARY)
                subscription.end(UNEXPECTED_MESSAGE if unexpected else LEFT)

    async def finish(self, ending: Ending, _last_line: bytes, *, after: int) -> None:
        """Close with the reason's code, and wait for the client to answer."""
        reason = f"{ending.message} (after={after})".encode()
        await self.response.close(code=ending.close_code, message=reason, drain=False)


@lru_cache(maxsize=4_096)
def _head(size: int) -> bytes:
    """Return the head of a frame that is a whole text message of `size` bytes."""
    if size <= _SHORT:
        return bytes((_FINAL_TEXT, size))
    if size <= _MEDIUM:
        return struct.pack("!BBH", _FINAL_TEXT, 126, size)
    return struct.pack("!BBQ", _FINAL_TEXT, 127, size)
