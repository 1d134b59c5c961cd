"""A stream as server-sent events (text/event-stream), which a page reads with `fetch`.

The id of an event is its position, so that a client which sends it back as `Last-Event-ID` resumes
behind it. An idle stream sends a comment from time to time. The last event of a stream that the
server ends has the type `end` and holds the error.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import orjson
from aiohttp import web

from baton.command_api.live.ending import Ending
from baton.command_api.streaming.ndjson import NdjsonWriter

EVENT_STREAM: Final = "text/event-stream"
LAST_EVENT_ID: Final = "Last-Event-ID"
_COMMENT: Final = b":\n\n"
_HEADERS: Final = {"Content-Type": EVENT_STREAM, "Cache-Control": "no-store"}


class SseWriter(NdjsonWriter):
    """Implements `StreamWriter` over a chunked response of server-sent events."""

    def __init__(self, request: web.Request, headers: Mapping[str, str]) -> None:
        super().__init__(request, {**headers, **_HEADERS})

    async def send(self, lines: Sequence[bytes]) -> None:
        """Send lines as events, and an empty line as a comment."""
        await super().send([part for line in lines for part in _event(line)])

    async def finish(self, _ending: Ending, last_line: bytes, *, after: int) -> None:
        """Send the error as the last event, under the position by which the client resumes."""
        await self.response.write(b"event: end\nid: %d\ndata: %s\n\n" % (after, last_line.rstrip()))
        await self.response.write_eof()


class FrameWriter(SseWriter):
    """Implements `StreamWriter` for events that are written already."""

    async def send(self, lines: Sequence[bytes]) -> None:
        """Send whole events as they are, and an empty line as a comment."""
        await NdjsonWriter.send(self, [_COMMENT if line == b"\n" else line for line in lines])


def _event(line: bytes) -> Iterator[bytes]:
    data = line.rstrip(b"\n")
    if not data:
        yield _COMMENT
        return
    position = orjson.loads(data).get("position")
    if isinstance(position, int):
        yield b"id: %d\n" % position
    yield b"data: %s\n\n" % data
