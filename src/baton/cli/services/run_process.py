"""Services of one process behind one socket: all of them for `dev` and `demo`, or one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from baton.cli.terminal.failures import Failed
from baton.command_api.serve import serve
from baton.role import RoleName
from baton.settings import Settings
from baton.wiring import Process, run_roles

_EVERYWHERE = frozenset(("", "0.0.0.0", "::"))  # noqa: S104 - read here, not bound


@asynccontextmanager
async def run_all(settings: Settings) -> AsyncIterator[str]:
    """Run every service until the block ends, and yield the address they answer at.

    Stops in the order of the work: no more requests, no more triggers, then what is under way.
    Raises Failed for a port that can't be had, and what opening the stores raises.
    """
    async with run_roles(settings) as process:
        await process.ready()
        async with _http_server(process.app(), settings) as url:
            yield url


@asynccontextmanager
async def run_one(settings: Settings, role: RoleName) -> AsyncIterator[tuple[str, Process]]:
    """Run one service until the block ends; it answers how it is before it is ready.

    Yields its address and its parts. Raises as `run_all` does.
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
        place = f"{settings.host}:{settings.port}"
        reason = error.strerror or str(error)
        raise Failed(f"{place} can't be used ({reason}): choose another --port") from error
    try:
        yield _url(settings.host, server.port)
    finally:
        await server.close()


def _url(host: str, port: int) -> str:
    """Return an address that this machine can ask."""
    name = "127.0.0.1" if host in _EVERYWHERE else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
