"""Runs roles behind an HTTP server."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

from aiohttp import web

from baton.availability import wait_for_stores
from baton.backend_choice import is_embedded
from baton.cli.terminal.failures import Failed
from baton.command_api.app import make_starting_app
from baton.command_api.serve import serve
from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import InUse, Misconfigured, Unavailable
from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.eventlog.ports.backend import Stores
from baton.process import Process
from baton.role import Replacements, RoleName
from baton.settings import Settings
from baton.stores import open_shared
from baton.wiring import run_roles

_EVERYWHERE = frozenset(("", "0.0.0.0", "::"))  # noqa: S104 - compared here, not bound


class Stopped(Exception):
    """The process must stop before the store has answered."""


def _ignore(_url: str) -> None:
    """Default callback: does nothing."""


async def _nothing(_stores: Stores) -> Replacements:
    """Default callback: replaces nothing."""
    return Replacements()


@asynccontextmanager
async def serve_roles(
    settings: Settings,
    names: frozenset[RoleName],
    stop: asyncio.Event,
    on_wait: Callable[[str], None] = _ignore,
    replace: Callable[[Stores], Awaitable[Replacements]] = _nothing,
) -> AsyncIterator[tuple[str, Process]]:
    """Run roles behind an HTTP server until the block ends; /readyz says when they are ready.

    Yields the address and the process. While the server of a shared store is unavailable, the
    process waits for it; it doesn't wait for files, because waiting doesn't repair them. At the end
    requests stop first, then triggers, steps and views. Raises Failed if the port is taken, and the
    errors of opening the stores.

    Args:
        settings: The settings; a free port that is chosen for the wait is kept afterwards.
        names: The roles.
        stop: Set by the caller; ends the wait with `Stopped`.
        on_wait: Called with the address when the process begins to wait for the store.
        replace: Called with the opened stores; returns the parts of the process to replace.
    """
    try:
        stores = await open_shared(settings, names)
    except (Misconfigured, InUse):
        raise
    except Unavailable:
        if is_embedded(settings.store_url):
            raise
        settings, stores = await _wait_for_stores(settings, names, stop, on_wait)
    async with (
        run_roles(settings, names, stores=stores, replaced=await replace(stores)) as process,
        http_server(process.app(), settings) as url,
    ):
        yield url, process


async def becomes_ready(process: Process, stop: asyncio.Event) -> bool:
    """Wait until the process is ready; return False if `stop` is set before."""
    readiness = asyncio.create_task(process.ready())
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((readiness, stopped), return_when=asyncio.FIRST_COMPLETED)
        if readiness.done():
            readiness.result()
        return not stop.is_set()
    finally:
        await stop_tasks((readiness, stopped))


async def _wait_for_stores(
    settings: Settings,
    names: frozenset[RoleName],
    stop: asyncio.Event,
    on_wait: Callable[[str], None],
) -> tuple[Settings, Stores]:
    """Return the opened stores, and the settings with the port that was used during the wait."""
    async with http_server(make_starting_app(), settings) as url:
        on_wait(url)
        open_once = partial(open_shared, settings, names)
        opening = asyncio.create_task(wait_for_stores(open_once, clock=SystemClock()))
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((opening, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not opening.done():
                raise Stopped
            stores = opening.result()
        finally:
            await stop_tasks((opening, stopped))
    return settings.model_copy(update={"port": urlsplit(url).port}), stores


@asynccontextmanager
async def http_server(app: web.Application, settings: Settings) -> AsyncIterator[str]:
    """Serve `app` at the configured address until the block ends; yield the base URL.

    Raises Failed if the port is taken, or the address isn't one of this machine.
    """
    try:
        server = await serve(app, host=settings.host, port=settings.port)
    except OSError as error:
        raise Failed(_unusable(settings, error)) from error
    try:
        yield _url(settings.host, server.port)
    finally:
        await server.close()


def _unusable(settings: Settings, error: OSError) -> str:
    code = error.errno or 0
    reason = os.strerror(code) if code > 0 else error.strerror
    option = "--port" if code in {errno.EADDRINUSE, errno.EACCES} else "--host"
    return f"{settings.host}:{settings.port} can't be used ({reason}): choose another {option}"


def _url(host: str, port: int) -> str:
    """Return an address at which this machine reaches the server."""
    name = "127.0.0.1" if host in _EVERYWHERE else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
