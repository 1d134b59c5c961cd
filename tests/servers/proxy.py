"""A TCP proxy in front of a server: loses requests or answers, cuts, goes silent, dawdles."""

import asyncio
from typing import Literal, Self
from urllib.parse import urlsplit, urlunsplit

CHUNK = 64 * 1024
DROPS = 512
"""So many bytes of a chunk drip one by one, the rest follows in one piece."""

Loss = Literal["request", "answer"]


class Proxy:
    """Listens on a port of its own; `fired` counts what it did to connections and data.

    `lose` breaks the connection that next sends `marker`: before the server sees it ("request"),
    or after the server has done what it asks and before the client hears of it ("answer").
    While `silent`, nothing is passed on in either direction, not even of new connections. While
    `refusing`, new connections are broken at once. Everything is late by `delay_s`, and while
    `dripping` it comes byte by byte.
    """

    def __init__(self, url: str, *, port: int = 0) -> None:
        """Stand in front of the server at `url`, on `port` or a free one."""
        self._target = urlsplit(url)
        self._port = port
        self.refusing = False
        self.dripping = False
        self.delay_s = 0.0
        self._losses: dict[bytes, Loss] = {}
        self._speaking = asyncio.Event()
        self._speaking.set()
        self._pairs: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.fired = 0

    @property
    def url(self) -> str:
        assert self._server
        port = self._server.sockets[0].getsockname()[1]
        user = f"{self._target.username}@" if self._target.username else ""
        if self._target.password:
            user = f"{self._target.username}:{self._target.password}@"
        return urlunsplit(self._target._replace(netloc=f"{user}127.0.0.1:{port}"))

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        self.cut()
        await asyncio.gather(*self._pairs, return_exceptions=True)

    def lose(self, loss: Loss, marker: bytes) -> None:
        self._losses[marker] = loss

    def silence(self) -> None:
        self._speaking.clear()

    def speak(self) -> None:
        self._speaking.set()

    def cut(self) -> None:
        """Break every connection."""
        self.fired += len(self._pairs)
        for pair in self._pairs:
            pair.cancel()

    def heal(self) -> None:
        """Pass everything on again, as it comes."""
        self._losses.clear()
        self.refusing = self.dripping = False
        self.delay_s = 0.0
        self.speak()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            self.fired += 1
            writer.transport.abort()
            return
        pair = asyncio.create_task(self._pair(reader, writer))
        self._pairs.add(pair)
        pair.add_done_callback(self._pairs.discard)

    async def _pair(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = None, None
        try:
            host, port = self._target.hostname or "", self._target.port or 5432
            answers, forth = await asyncio.open_connection(host, port)
            muted = asyncio.Event()
            back = asyncio.create_task(self._answers(answers, writer, muted))
            await self._requests(reader, forth, muted)
        except OSError:
            pass
        finally:
            for one in (writer, forth):
                if one is not None:
                    one.transport.abort()
            if back is not None:
                back.cancel()

    async def _requests(
        self, client: asyncio.StreamReader, server: asyncio.StreamWriter, muted: asyncio.Event
    ) -> None:
        while data := await client.read(CHUNK):
            marker = next((marker for marker in self._losses if marker in data), None)
            loss = self._losses.pop(marker) if marker else None
            if loss == "request":
                self.fired += 1
                return
            if loss == "answer":
                muted.set()
            await self._pass_on(data, server)

    async def _answers(
        self, server: asyncio.StreamReader, client: asyncio.StreamWriter, muted: asyncio.Event
    ) -> None:
        try:
            while data := await server.read(CHUNK):
                if muted.is_set():
                    self.fired += 1
                    break
                await self._pass_on(data, client)
        except OSError:
            pass
        client.transport.abort()

    async def _pass_on(self, data: bytes, receiver: asyncio.StreamWriter) -> None:
        self.fired += self.dripping or bool(self.delay_s) or not self._speaking.is_set()
        await self._speaking.wait()
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        drops = min(len(data), DROPS) if self.dripping else 0
        for place in range(drops):
            receiver.write(data[place : place + 1])
            await receiver.drain()
            await asyncio.sleep(0)
        receiver.write(data[drops:])
        await receiver.drain()
