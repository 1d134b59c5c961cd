"""All roles in the test's own process, on files, as `baton dev` wires them; and runs in bulk."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import jwt

from baton.command_api.serve import serve
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Graph
from baton.domain.definition.messages import Body, CreateDefinition
from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import ManualTrigger, Trigger
from baton.domain.ids import derived_id
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import RequestRun
from baton.domain.run.trigger import BY_HAND
from baton.domain.stream import stream_name
from baton.eventlog.events.envelope import Appended, Write
from baton.eventlog.loops.transact import transact
from baton.keys import jwt_secrets
from baton.settings import Settings
from baton.wiring import Process, run_roles
from tests.kit.actors import ANN

TENANT = "demo"
AN_APPEND = 200
DEADLINE_S = 120
POLL_S = 0.05


@asynccontextmanager
async def inside(data: Path, *, store: str = "") -> AsyncIterator[Process]:
    """Run every role until the block ends; `store` is SQLite in `data`, or "memory:"."""
    settings = Settings(data=data, store=store)
    jwt_secrets(settings, create=True)
    async with run_roles(settings) as stack:
        await stack.ready()
        yield stack


Call = Callable[..., Awaitable[tuple[int, bytes]]]


@asynccontextmanager
async def calling(stack: Process) -> AsyncIterator[Call]:
    """Serve HTTP until the block ends; yield `call(method, path, **more)` -> (status, body)."""
    secret, now = (
        jwt_secrets(stack.context.settings, create=False)[0],
        stack.context.clock.now() // 1000,
    )
    scope = "orchestrator:read orchestrator:write"
    claims = {"sub": "ann", "tenant": TENANT, "scope": scope, "exp": now + 3_600}
    token = jwt.encode(claims, secret, algorithm="HS256")
    headers = {"Authorization": f"Bearer {token}"}
    server = await serve(stack.app(), port=0)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:

        async def call(method: str, path: str, **more: Any) -> tuple[int, bytes]:
            url = f"http://127.0.0.1:{server.port}{path}"
            async with session.request(method, url, **more) as response:
                return response.status, await response.read()

        try:
            yield call
        finally:
            await server.close()


async def defined(
    stack: Process,
    name: str,
    graph: Graph,
    trigger: Trigger = ManualTrigger(),  # noqa: B008
) -> Definition:
    """Create a definition."""
    create = CreateDefinition(
        tenant=TENANT,
        definition_id=derived_id("definition", name),
        slug=name,
        body=Body(name=name, trigger=trigger, graph=graph),
        actor=ANN,
        at=stack.context.clock.now(),
    )
    stream = stream_name(TENANT, DEFINITION.name, create.definition_id)
    return (await transact(stack.context.stores.events, DEFINITION, stream, create)).state


async def request(
    stack: Process, definitions: Sequence[Definition], *, name: str = "run"
) -> list[str]:
    """Request a run of each of `definitions` (the same one may stand there often)."""
    ids = [derived_id(name, str(index)) for index in range(len(definitions))]
    writes = [_request(stack, *one) for one in zip(ids, definitions, strict=True)]
    for start in range(0, len(writes), AN_APPEND):
        result = await stack.context.stores.events.append(writes[start : start + AN_APPEND])
        assert isinstance(result, Appended)
    return ids


async def all_over(stack: Process, runs: int) -> None:
    """Wait until so many runs have completed or failed."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        _, total = await stack.context.services.runs.page(
            TENANT, statuses=("completed", "failed"), limit=1
        )
        if total == runs:
            return
        assert time.monotonic() < deadline, f"{total} of {runs} runs are over"
        await asyncio.sleep(POLL_S)


def _request(stack: Process, run_id: str, definition: Definition) -> Write:
    command = RequestRun(
        run_id=run_id,
        definition=definition,
        trigger=BY_HAND,
        actor=ANN,
        at=stack.context.clock.now(),
        input={"number": run_id},
    )
    stream = stream_name(TENANT, RUN.name, run_id)
    return Write(stream=stream, expected=0, events=RUN.decide(command, RUN.initial))
