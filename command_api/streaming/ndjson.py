"""A stream as a response without an end: one JSON object a line (application/x-ndjson).

A stream that is idle sends an empty line from time to time, so that proxies keep it open. The last
line of a stream that the server ends is an error.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from aiohttp import web

from baton.command_api.live.ending import LEFT, Ending
from baton.command_api.live.subscription import Subscription

NDJSON: Final = "application/x-ndjson"
KEEP_ALIVE_S: Final = 15.0
"""Seconds without an event after which an empty line is sent."""
LOOK_S: Final = 1.0
"""Seconds between checks of the connection: an idle response doesn't notice that a client left."""
UNBUFFERED: Final = {"Content-Type": NDJSON, "X-Accel-Buffering": "no"}
"""Headers of a stream; the second one keeps nginx from buffering it."""


class NdjsonWriter:
    """Implements `StreamWriter` over a chunked response."""

    def __init__(self, request: web.Request, headers: Mapping[str, str]) -> None:
        self._request = request
        self._sent_at = 0.0
        self.response = web.StreamResponse(headers={**UNBUFFERED, **headers})

    async def open(self) -> None:
        """Send the head of the response."""
        await self.response.prepare(self._request)

    async def send(self, lines: Sequence[bytes]) -> None:
        """Send lines; returns when the connection can take more."""
        self._sent_at = asyncio.get_running_loop().time()
        await self.response.write(b"".join(lines))

    async def watch(self, subscription: Subscription) -> None:
        """Send empty lines while the stream is idle; end `subscription` when the client leaves."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_S)
            transport = self._request.transport
            if transport is None or transport.is_closing():
                subscription.end(LEFT)
                return
            if loop.time() - self._sent_at >= KEEP_ALIVE_S:
                await self.send((b"\n",))

    async def finish(self, _ending: Ending, last_line: bytes, *, after: int) -> None:  # noqa: ARG002
        """Send the error as the last line."""
        await self.response.write(last_line)
        await self.response.write_eof()
