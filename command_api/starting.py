"""The routes of a service that waits for its servers: alive, and not ready."""

from typing import Final

from aiohttp import web

_BUSY: Final = {"Retry-After": "1"}


def add_routes(app: web.Application) -> None:
    """Answer /healthz by 200 and everything else by 503."""
    app.router.add_get("/healthz", _alive)
    app.router.add_route("*", "/{path:.*}", _not_ready)


async def _alive(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _not_ready(_request: web.Request) -> web.Response:
    body = {"status": "unavailable", "checks": {"store": "failing"}}
    return web.json_response(body, status=503, headers=_BUSY)
