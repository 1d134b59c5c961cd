"""All roles in memory, with runs to follow and clients of the streams."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from baton.command_api.commands import NewDefinition, create_definition, start_run
from baton.command_api.principal import Principal
from baton.domain.definition.graph import Compute, Step
from baton.domain.definition.state import State as Definition
from baton.domain.run.messages.commands import RequestRun
from baton.domain.run.trigger import BY_HAND
from baton.settings import Settings
from tests.kit.definitions import body, sequence
from tests.kit.eventually import eventually
from tests.kit.stack import SECRET, RunningServer, bearer, running_roles
from tests.kit.streams import Reader, Transport, reading

EVENTS_OF_A_RUN = 5
"""Events of a run of one step: requested, started, the step's two, completed."""

MOST_RUNS = 3_000


@dataclass(slots=True)
class World(RunningServer):
    """A server with every role behind it."""

    async def define(self, slug: str, *steps: Step, tenant: str = "") -> Definition:
        """Create a definition, by default of one step."""
        graph = sequence(*(steps or (Compute(id="only", function="answer"),)))
        new = NewDefinition(definition_id=self.services.new_id(), slug=slug, body=body(graph))
        user = Principal(subject="ada", tenant=tenant or self.tenant)
        created = await create_definition(self.services, user, new, at=self.services.clock.now())
        assert await self.services.reached(created.position, 5_000)
        return created.state

    async def start(self, definition: Definition) -> str:
        """Start a run and return its id; the run may not have begun."""
        command = RequestRun(
            run_id=self.services.new_id(),
            definition=definition,
            trigger=BY_HAND,
            actor=Principal(subject="ada", tenant=definition.tenant).actor,
            at=self.services.clock.now(),
        )
        await start_run(self.services, command)
        return command.run_id

    async def start_until(self, definition: Definition, condition: Callable[[], object]) -> int:
        """Start runs until `condition` holds, as fast as they are streamed; return their number."""
        for number in range(0, MOST_RUNS, 10):
            if condition():
                return number
            await asyncio.gather(*(self.start(definition) for _ in range(10)))
            head = await self.stores.events.head()
            await eventually(
                lambda: condition() or self.services.live.position >= head,  # noqa: B023
                every_s=0,
            )
        pytest.fail(f"{MOST_RUNS} runs were started in vain")

    def stream(
        self, query: str = "", transport: Transport = "ndjson", **claims: object
    ) -> AbstractAsyncContextManager[Reader]:
        """Read a stream of Baton's own API until the block ends."""
        headers = bearer(**{"tenant": self.tenant, **claims})
        return reading(self.session, f"{self.url}/stream?{query}", headers, transport)


@asynccontextmanager
async def world_in(folder: Path, **settings: Any) -> AsyncIterator[World]:
    """Run every role in memory until the block ends."""
    settings_of_all = Settings(
        data=folder,
        store="memory:",
        jwt_secret=SecretStr(SECRET),
        functions=("tests.scenarios.functions",),
        **settings,
    )
    async with running_roles(settings_of_all, World) as world:
        yield world
