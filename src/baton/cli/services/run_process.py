"""Runs all roles, or one, behind an HTTP server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from baton.cli.terminal.failures import Failed
from baton.command_api.serve import serve
from baton.role import RoleName
from baton.settings import Settings
from baton.wiring import Process, run_roles

_EVERYWHERE = frozenset(("", "0.0.0.0", "::"))  # noqa: S104 - compared here, not bound


@asynccontextmanager
async def run_all(settings: Settings) -> AsyncIterator[str]:
    """Run every role until the block ends; once it is ready, yield the address of its server.

    Requests end first, then triggers, steps and views. Raises Failed if the port is taken, and the
    errors of opening the stores.
    """
    async with run_roles(settings) as process:
        await process.ready()
        async with _http_server(process.app(), settings) as url:
            yield url


@asynccontextmanager
async def run_one(settings: Settings, role: RoleName) -> AsyncIterator[tuple[str, Process]]:
    """Run one role until the block ends; its server answers /readyz before the role is ready.

    Yields the address and the process. Raises the errors of `run_all`.
    """
    async with (
        run_roles(settings, frozenset((role,))) as process,
        _http_server(process.app(), settings) as url,
    ):
        yield url, process


@asynccontextmanager
async def _http_server(app: web.Application, settings: Settings) -> AsyncIterator[str]:
    try:
        server = await serve(app, host=settings.host, port=settings.port)
    except OSError as error:
        address = f"{settings.host}:{settings.port}"
        reason = error.strerror or str(error)
        raise Failed(f"{address} can't be used ({reason}): choose another --port") from error
    try:
        yield _url(settings.host, server.port)
    finally:
        await server.close()


def _url(host: str, port: int) -> str:
    """Return an address at which this machine reaches the server."""
    name = "127.0.0.1" if host in _EVERYWHERE else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
