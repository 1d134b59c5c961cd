"""A server on loopback whose every answer is written down by the test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Scripted:
    """Where the server is, and what it was asked."""

    url: str = ""
    asked: list[tuple[web.Request, bytes]] = field(default_factory=list)


@asynccontextmanager
async def answering(
    answer: Answer | web.Response, *, host: str = "127.0.0.1"
) -> AsyncIterator[Scripted]:
    scripted = Scripted()

    async def handle(request: web.Request) -> web.StreamResponse:
        scripted.asked.append((request, await request.read()))
        return _again(answer) if isinstance(answer, web.Response) else await answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    server = TestServer(app, host=host)
    await server.start_server(shutdown_timeout=1)
    scripted.url = str(server.make_url("/f"))
    try:
        yield scripted
    finally:
        await server.close()


def _again(answer: web.Response) -> web.Response:
    """A response can be sent once only."""
    return web.Response(body=answer.body, status=answer.status, headers=answer.headers)
