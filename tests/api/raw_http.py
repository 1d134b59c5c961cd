"""Speaks HTTP to a server in bytes."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.kit.stack import RunningServer, bearer

ACME = "/tiny/acme/v1"


@dataclass(frozen=True, slots=True)
class RawResponse:
    """A response as it was sent; `body` is its JSON."""

    version: str
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


class RawConnection:
    """One connection to a server; everything on it takes 10 s at most."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def response(self) -> RawResponse:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
        raw = await self._reader.readexactly(int(headers.get("content-length", "0")))
        version, status, _ = first.split(" ", 2)
        return RawResponse(version, int(status), headers, raw)

    async def is_closed(self) -> bool:
        """Wait for the end of the connection; whatever is sent before is lost."""
        try:
            while await self._reader.read(65_536):
                pass
        except ConnectionError:
            pass
        return True


@asynccontextmanager
async def connected(server: RunningServer) -> AsyncIterator[RawConnection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        async with asyncio.timeout(10):
            yield RawConnection(reader, writer)
    finally:
        writer.close()


def head(method: str, path: str, *lines: str, token: bool = True) -> bytes:
    """Return the head of a request with further header lines."""
    authorization = [f"Authorization: {bearer()['Authorization']}"] if token else []
    every = [f"{method} {path} HTTP/1.1", "Host: localhost", *authorization, *lines]
    return "\r\n".join((*every, "", "")).encode("latin-1")


def post(path: str, size: int, *lines: str, token: bool = True) -> bytes:
    """Return the head of a POST with a JSON body of `size` bytes."""
    length = f"Content-Length: {size}"
    return head("POST", path, "Content-Type: application/json", length, *lines, token=token)
