"""All services of one process behind one socket, for `dev` and `demo`."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import uvloop

from baton.cli.failures import Failed
from baton.running import ready, running
from baton.settings import Settings
from command_api.app import make_app
from command_api.serve import serve

T = TypeVar("T")

_EVERYWHERE = frozenset(("", "0.0.0.0", "::"))  # noqa: S104 - read here, not bound


def run(work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns, on the quicker event loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """Run every service until the block ends, and yield the address they answer at.

    Stops in the order of the work: no more requests, no more triggers, then what is under way.
    Raises Failed for a port that can't be had, and what opening the stores raises.
    """
    async with running(settings) as stack:
        await ready(stack)
        try:
            server = await serve(make_app(stack.services), host=settings.host, port=settings.port)
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
