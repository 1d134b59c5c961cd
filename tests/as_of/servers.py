"""Servers on imported histories: with all events, or with those up to a position."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from baton.command_api.app import make_app
from baton.eventlog.events.codec import encode, topic_of
from baton.eventlog.events.envelope import Recorded, Stored
from baton.role import RoleName
from baton.wiring import run_roles
from tests.kit.stack import RunningServer, serving
from tests.notary.sealing import restore
from tests.scenarios.stack import settings_for

NOBODY_WORKS: Final[frozenset[RoleName]] = frozenset(("api", "projector"))
SCOPE = "orchestrator:read orchestrator:admin"
LIMIT_MS = 10_000


@dataclass(frozen=True, slots=True)
class StoppedClock:
    """Shows one time, in ms since the epoch."""

    at: int

    def now(self) -> int:
        return self.at

    async def sleep_until(self, due_at: float) -> None:
        raise AssertionError(due_at)

    async def idle(self, duration_ms: float) -> None:
        raise AssertionError(duration_ms)


def stored(events: Sequence[Recorded]) -> list[Stored]:
    """Return events as a store holds them."""
    return [
        Stored(one.position, one.stream, one.version, topic_of(one.event), encode(one.event))
        for one in events
    ]


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


@asynccontextmanager
async def server_on(
    folder: Path, backend: str, events: Sequence[Recorded], *, at: int | None = None
) -> AsyncIterator[RunningServer]:
    """Run a server without an executor and a scheduler, with views of exactly these events.

    Args:
        folder: The folder of the data.
        backend: The name of the backend.
        events: The events that are imported.
        at: The time that the server's clock shows, in ms; None is the machine's.
    """
    await restore(backend, _made(folder), stored(events))
    async with run_roles(await settings_for(folder, backend), NOBODY_WORKS) as process:
        services, context = process.services, process.context
        if at is not None:
            services = replace(services, clock=StoppedClock(at))
        head = await context.stores.events.head()
        async with serving(make_app(services), services, context.stores, RunningServer) as running:
            assert await services.reached(head, LIMIT_MS)
            assert await context.history_position.reached(head, LIMIT_MS)
            yield running
