"""All roles in the test's own process, on files, as `baton dev` wires them; and runs in bulk."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from baton.keys import jwt_secret
from baton.settings import Settings
from baton.wiring import Stack, running
from domain.definition.decisions import DECIDER as DEFINITION
from domain.definition.graph import Graph
from domain.definition.messages import Body, CreateDefinition
from domain.definition.state import State as Definition
from domain.definition.trigger import OnDemandTrigger
from domain.ids import derived_id
from domain.run.decisions import DECIDER as RUN
from domain.run.messages import RequestRun
from domain.stream import stream_name
from eventlog.envelope import Appended, Write
from eventlog.transact import transact

TENANT = "demo"
AN_APPEND = 200
DEADLINE_S = 120
POLL_S = 0.05


@asynccontextmanager
async def inside(data: Path) -> AsyncIterator[Stack]:
    """Run every role until the block ends."""
    settings = Settings(data=data)
    jwt_secret(settings, make=True)
    async with running(settings) as stack:
        yield stack


async def defined(stack: Stack, name: str, graph: Graph) -> Definition:
    """Create a definition that is started by hand."""
    create = CreateDefinition(
        tenant=TENANT,
        definition_id=derived_id("definition", name),
        slug=name,
        body=Body(name=name, trigger=OnDemandTrigger(), graph=graph),
        by="ann",
        at=stack.clock.now(),
    )
    stream = stream_name(TENANT, DEFINITION.name, create.definition_id)
    return (await transact(stack.stores.events, DEFINITION, stream, create)).state


async def request(stack: Stack, definitions: Sequence[Definition]) -> list[str]:
    """Request a run of each of `definitions` (the same one may stand there often)."""
    ids = [derived_id("run", str(index)) for index in range(len(definitions))]
    writes = [_request(stack, *one) for one in zip(ids, definitions, strict=True)]
    for start in range(0, len(writes), AN_APPEND):
        result = await stack.stores.events.append(writes[start : start + AN_APPEND])
        assert isinstance(result, Appended)
    return ids


async def all_over(stack: Stack, runs: int) -> None:
    """Wait until so many runs have come to an end."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        _, total = await stack.views.runs(TENANT, statuses=("completed", "failed"), limit=1)
        if total == runs:
            return
        assert time.monotonic() < deadline, f"{total} of {runs} runs are over"
        await asyncio.sleep(POLL_S)


def _request(stack: Stack, run_id: str, definition: Definition) -> Write:
    command = RequestRun(
        run_id=run_id,
        definition=definition,
        trigger="on_demand",
        by="ann",
        at=stack.clock.now(),
        input={"number": run_id},
    )
    stream = stream_name(TENANT, RUN.name, run_id)
    return Write(stream=stream, expected=0, events=RUN.decide(command, RUN.initial))
