"""A TCP proxy that disturbs a server's connections: drops, breaks, stalls or delays them."""

import asyncio
from typing import Literal, Self
from urllib.parse import urlsplit, urlunsplit

CHUNK = 64 * 1024
SINGLE_BYTES = 512
"""Bytes of a chunk that are sent one by one while `byte_by_byte`; the rest follows at once."""

Loss = Literal["request", "answer"]


class Proxy:
    """Forwards connections to one server, between `__aenter__` and `__aexit__`.

    Attributes:
        refusing: Break new connections at once.
        byte_by_byte: Forward the start of each chunk as single bytes.
        delay_s: Delay of each chunk.
        disturbances: Count of connections and chunks that were disturbed.
    """

    def __init__(self, url: str, *, port: int = 0) -> None:
        """Prepare a proxy of the server at `url`.

        Args:
            url: Address of the server.
            port: Port to listen on; 0 for any free one.
        """
        self._target = urlsplit(url)
        self._port = port
        self.refusing = False
        self.byte_by_byte = False
        self.delay_s = 0.0
        self._losses: dict[bytes, Loss] = {}
        self._forwarding = asyncio.Event()
        self._forwarding.set()
        self._pairs: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.disturbances = 0

    @property
    def url(self) -> str:
        """The server's URL with the proxy's address in place of its own."""
        assert self._server
        port = self._server.sockets[0].getsockname()[1]
        user = f"{self._target.username}@" if self._target.username else ""
        if self._target.password:
            user = f"{self._target.username}:{self._target.password}@"
        return urlunsplit(self._target._replace(netloc=f"{user}127.0.0.1:{port}"))

    @property
    def connections(self) -> int:
        """Count of connections that are open now."""
        return len(self._pairs)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        self.break_connections()
        await asyncio.gather(*self._pairs, return_exceptions=True)

    def drop_next(self, loss: Loss, marker: bytes) -> None:
        """Break the next connection that sends `marker`.

        Args:
            loss: "request" breaks it before the server gets the request, "answer" after the
                server has answered and before the client gets the answer.
            marker: Bytes that identify the request.
        """
        self._losses[marker] = loss

    def stall(self) -> None:
        """Forward nothing in either direction, with connections open, until `resume`."""
        self._forwarding.clear()

    def resume(self) -> None:
        """End a stall."""
        self._forwarding.set()

    def break_connections(self) -> None:
        """Break every connection."""
        self.disturbances += len(self._pairs)
        for pair in self._pairs:
            pair.cancel()

    def heal(self) -> None:
        """End all disturbances."""
        self._losses.clear()
        self.refusing = self.byte_by_byte = False
        self.delay_s = 0.0
        self.resume()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            self.disturbances += 1
            writer.transport.abort()
            return
        pair = asyncio.create_task(self._forward_connection(reader, writer))
        self._pairs.add(pair)
        pair.add_done_callback(self._pairs.discard)

    async def _forward_connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        answering, upstream = None, None
        try:
            host, port = self._target.hostname or "", self._target.port or 5432
            answers, upstream = await asyncio.open_connection(host, port)
            muted = asyncio.Event()
            answering = asyncio.create_task(self._forward_answers(answers, writer, muted))
            await self._forward_requests(reader, upstream, muted)
        except OSError:
            pass
        finally:
            for one in (writer, upstream):
                if one is not None:
                    one.transport.abort()
            if answering is not None:
                answering.cancel()

    async def _forward_requests(
        self, client: asyncio.StreamReader, server: asyncio.StreamWriter, muted: asyncio.Event
    ) -> None:
        while data := await client.read(CHUNK):
            marker = next((marker for marker in self._losses if marker in data), None)
            loss = self._losses.pop(marker) if marker else None
            if loss == "request":
                self.disturbances += 1
                return
            if loss == "answer":
                muted.set()
            await self._forward(data, server)

    async def _forward_answers(
        self, server: asyncio.StreamReader, client: asyncio.StreamWriter, muted: asyncio.Event
    ) -> None:
        try:
            while data := await server.read(CHUNK):
                if muted.is_set():
                    self.disturbances += 1
                    break
                await self._forward(data, client)
        except OSError:
            pass
        client.transport.abort()

    async def _forward(self, data: bytes, receiver: asyncio.StreamWriter) -> None:
        self.disturbances += (
            self.byte_by_byte or bool(self.delay_s) or not self._forwarding.is_set()
        )
        await self._forwarding.wait()
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        singles = min(len(data), SINGLE_BYTES) if self.byte_by_byte else 0
        for index in range(singles):
            receiver.write(data[index : index + 1])
            await receiver.drain()
            await asyncio.sleep(0)
        receiver.write(data[singles:])
        await receiver.drain()
