"""A client of graphql-transport-ws that can also send messages that the protocol forbids."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.kit.stack import RunningServer, token

PROTOCOL = "graphql-transport-ws"
WITHIN_S = 10.0


class Socket:
    """One open socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = socket

    async def send(self, type_: str, **members: Any) -> None:
        await self.raw.send_str(json.dumps({"type": type_, **members}))

    async def begin(self, payload: Mapping[str, Any] | None = None) -> None:
        """Send `connection_init` and expect its answer."""
        await self.send("connection_init", payload=payload)
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, ident: str, query: str, **variables: object) -> None:
        await self.send("subscribe", id=ident, payload={"query": query, "variables": variables})

    async def receive(self) -> dict[str, Any]:
        """Return the next message."""
        message = await self.raw.receive(timeout=WITHIN_S)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        received: dict[str, Any] = json.loads(message.data)
        return received

    async def closed(self) -> int:
        """Return the code of the close, and ignore the messages before it."""
        while True:
            message = await self.raw.receive(timeout=WITHIN_S)
            if message.type is not aiohttp.WSMsgType.TEXT:
                return self.raw.close_code or 0


@asynccontextmanager
async def connected(
    server: RunningServer,
    *,
    protocol: str = PROTOCOL,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Socket]:
    """Open a socket, without `connection_init`."""
    async with server.session.ws_connect(
        f"{server.url}/graphql", protocols=(protocol,), headers=headers
    ) as socket:
        yield Socket(socket)


@asynccontextmanager
async def authorized(server: RunningServer, **claims: object) -> AsyncIterator[Socket]:
    """Open a socket of the server's tenant."""
    text = token(**{"tenant": server.tenant, **claims})
    async with connected(server) as socket:
        await socket.begin({"Authorization": f"Bearer {text}"})
        yield socket
