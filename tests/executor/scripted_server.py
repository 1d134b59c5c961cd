"""A server on loopback whose responses the test provides."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Scripted:
    """The URL of the server and the requests that it received."""

    url: str = ""
    asked: list[tuple[web.Request, bytes]] = field(default_factory=list)


@asynccontextmanager
async def answering(
    answer: Answer | web.Response, *, host: str = "127.0.0.1"
) -> AsyncIterator[Scripted]:
    scripted = Scripted()

    async def handle(request: web.Request) -> web.StreamResponse:
        scripted.asked.append((request, await request.read()))
        return _copy(answer) if isinstance(answer, web.Response) else await answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    server = TestServer(app, host=host)
    await server.start_server(shutdown_timeout=1)
    scripted.url = str(server.make_url("/f"))
    try:
        yield scripted
    finally:
        await server.close()


def _copy(answer: web.Response) -> web.Response:
    """Return a copy: aiohttp sends a response object only once."""
    return web.Response(body=answer.body, status=answer.status, headers=answer.headers)
