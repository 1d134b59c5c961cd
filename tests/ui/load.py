"""Runs that are started as fast as an engine ends them: by record events, or by clients."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, Final

import aiohttp

from tests.kit.eventually import eventually
from tests.ui.server import UiServer

EVENTS_PER_RUN: Final = 5
"""Requested, started, step started, step succeeded, completed."""
POSITIONS_PER_RUN: Final = EVENTS_PER_RUN + 1
"""Those, and that of the record event that starts the run."""
MANY: Final[dict[str, Any]] = {
    "slug": "many",
    "name": "Many",
    "trigger": {"event": "record.created", "structure": "many"},
    "steps": [{"id": "only", "function": "noop"}],
}


async def send(server: UiServer, first: int, count: int) -> None:
    """Send the record events that start runs, with ids from `first`."""
    events = [
        {
            "specversion": "1.0",
            "id": str(number),
            "source": "load",
            "type": "record.created",
            "subject": f"many/{number}",
            "data": {"n": number},
        }
        for number in range(first, first + count)
    ]
    batch = {"Content-Type": "application/cloudevents-batch+json"}
    await server.call("POST", "/events", events, headers=batch)


async def position(server: UiServer) -> int:
    """Return the position of the views; the request costs the same for any number of runs."""
    headers = {"Authorization": f"Bearer {server.dev.token}"}
    async with server.session.get(f"{server.url}/runs?id=none", headers=headers) as answer:
        return int(answer.headers["Baton-Position"])


async def reached(server: UiServer, wanted: int, *, within_s: float) -> None:
    """Wait until the views hold a position."""

    async def held() -> bool:
        return await position(server) >= wanted

    await eventually(held, within_s=within_s, every_s=0.05)


@contextmanager
def clients_starting(server: UiServer, definition: str, count: int) -> Iterator[None]:
    """Have clients start runs, each one after the other, while the block runs.

    They are in a process of their own, so that their work doesn't delay the test.
    """
    arguments = (f"{server.url}/runs", server.dev.token, definition, count)
    clients = get_context("spawn").Process(target=_start_runs, args=arguments, daemon=True)
    clients.start()
    try:
        yield
        assert clients.is_alive()
    finally:
        clients.kill()
        clients.join()


def _start_runs(url: str, token: str, definition: str, count: int) -> None:
    async def keep_starting(session: aiohttp.ClientSession) -> None:
        while True:
            async with session.post(url, json={"definition": definition}) as answer:
                answer.raise_for_status()
                await answer.read()

    async def run() -> None:
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(headers=headers) as session, asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(keep_starting(session))

    asyncio.run(run())
