"""Clients of live streams, as lines of NDJSON or messages of a WebSocket."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp

from tests.kit.eventually import EVERY_S, eventually
from tests.kit.stack import in_background

Transport = Literal["ndjson", "websocket"]
TRANSPORTS: tuple[Transport, ...] = ("ndjson", "websocket")


@dataclass(slots=True)
class Reader:
    """One client of a stream.

    `events` are the events received so far. Once the stream has ended, `close_code` is its code and
    `last` the last line, which a WebSocket lacks. Nothing is read before `gate` is set.
    """

    start: int
    events: list[dict[str, Any]] = field(default_factory=list)
    close_code: int | None = None
    last: dict[str, Any] | None = None
    blank_lines: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def position(self) -> int:
        """The position by which the client would resume."""
        return int(self.events[-1]["position"]) if self.events else self.start

    @property
    def positions(self) -> list[int]:
        return [event["position"] for event in self.events]

    async def until(self, count: int, within_s: float = 10.0) -> list[dict[str, Any]]:
        """Wait for `count` events and return all that have arrived."""
        await eventually(lambda: len(self.events) >= count, within_s=within_s, explain=self._state)
        return self.events

    async def until_closed(self, within_s: float = 10.0) -> int:
        """Wait for the end of the stream and return its code; 1006 for a broken connection."""
        await eventually(
            lambda: self.close_code is not None, within_s=within_s, explain=self._state
        )
        assert self.close_code is not None
        return self.close_code

    def _state(self) -> str:
        return f"{len(self.events)} events after {self.start}; closed by {self.close_code}"

    def receive(self, line: str | bytes) -> None:
        if not line.strip():
            self.blank_lines += 1
            return
        members = json.loads(line)
        if "closeCode" in members:
            self.last, self.close_code = members, members["closeCode"]
        else:
            self.events.append(members)


@asynccontextmanager
async def reading(
    session: aiohttp.ClientSession,
    url: str,
    headers: Mapping[str, str],
    transport: Transport = "ndjson",
    *,
    at_once: bool = True,
) -> AsyncIterator[Reader]:
    """Read a stream in the background until the block ends; if not `at_once`, from `gate` on."""
    open_stream = _ndjson if transport == "ndjson" else _websocket
    async with open_stream(session, url, headers) as (reader, receiving), in_background(receiving):
        if at_once:
            reader.gate.set()
        yield reader


@asynccontextmanager
async def _ndjson(
    session: aiohttp.ClientSession, url: str, headers: Mapping[str, str]
) -> AsyncIterator[Any]:
    patience = aiohttp.ClientTimeout(total=None)
    async with session.get(url, headers=headers, timeout=patience) as response:
        response.raise_for_status()
        assert response.content_type == "application/x-ndjson"
        reader = Reader(int(response.headers["Baton-Position"]))

        async def receive() -> None:
            await reader.gate.wait()
            try:
                async for line in response.content:
                    reader.receive(line)
            except aiohttp.ClientError:
                pass
            if reader.close_code is None:
                reader.close_code = 1006

        yield reader, receive()


@asynccontextmanager
async def _websocket(
    session: aiohttp.ClientSession, url: str, headers: Mapping[str, str]
) -> AsyncIterator[Any]:
    async with session.ws_connect(url, headers=headers) as socket:
        reader = Reader(int(socket._response.headers["Baton-Position"]))

        async def receive() -> None:
            await reader.gate.wait()
            async for message in socket:
                assert message.type is aiohttp.WSMsgType.TEXT, message
                reader.receive(message.data)
            reader.close_code = socket.close_code or 1006

        yield reader, receive()


@dataclass(slots=True)
class ResumingReader:
    """A client that resumes its stream, at any server that answers, whenever it ends.

    `codes` are the codes of the streams that ended.
    """

    url: Callable[[], str]
    headers: Mapping[str, str]
    transport: Transport
    events: list[dict[str, Any]] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)

    async def follow(self, session: aiohttp.ClientSession, after: int) -> None:
        """Read from behind position `after` on, until cancelled."""
        while True:
            try:
                url = f"{self.url()}/stream?after={after}"
                async with reading(session, url, self.headers, self.transport) as reader:
                    reader.events = self.events
                    self.codes.append(await reader.until_closed(within_s=600))
            except (aiohttp.ClientError, StopIteration):
                await asyncio.sleep(EVERY_S)
            after = self.events[-1]["position"] if self.events else after
