"""Every role in the test's own process, as `baton dev` runs them, and runs in large numbers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Graph
from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import ManualTrigger, Trigger
from baton.domain.ids import derived_id
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.stream import stream_name
from baton.eventlog.events.envelope import Appended, Write
from baton.eventlog.loops.transact import transact
from baton.settings import Settings
from tests.kit.definitions import body, create_definition, request_run
from tests.kit.eventually import eventually
from tests.kit.stack import SECRET, RunningServer, running_roles

TENANT = "demo"
RUNS_PER_APPEND = 200
DEADLINE_S = 120
POLL_S = 0.05


@asynccontextmanager
async def in_process(data: Path, *, store: str = "") -> AsyncIterator[RunningServer]:
    """Run every role until the block ends.

    Args:
        data: The data folder.
        store: The store: SQLite in `data` if empty, or "memory:".
    """
    settings = Settings(data=data, store=store, jwt_secret=SecretStr(SECRET))
    async with running_roles(settings, RunningServer, tenant=TENANT) as server:
        yield server


async def define(
    server: RunningServer,
    name: str,
    graph: Graph,
    trigger: Trigger = ManualTrigger(),  # noqa: B008
) -> Definition:
    """Create a definition."""
    create = create_definition(
        derived_id("definition", name),
        body(graph, name=name, trigger=trigger),
        tenant=TENANT,
        slug=name,
        at=server.services.clock.now(),
    )
    stream = stream_name(TENANT, DEFINITION.name, create.definition_id)
    return (await transact(server.stores.events, DEFINITION, stream, create)).state


async def request_runs(
    server: RunningServer, definitions: Sequence[Definition], *, name: str = "run"
) -> list[str]:
    """Request one run for each item of `definitions`, which may repeat; return the runs' ids."""
    ids = [derived_id(name, str(index)) for index in range(len(definitions))]
    writes = [_request(server, *one) for one in zip(ids, definitions, strict=True)]
    for start in range(0, len(writes), RUNS_PER_APPEND):
        result = await server.stores.events.append(writes[start : start + RUNS_PER_APPEND])
        assert isinstance(result, Appended)
    return ids


async def wait_until_ended(server: RunningServer, runs: int) -> None:
    """Wait until `runs` runs have completed or failed."""
    total = 0

    async def all_ended() -> bool:
        nonlocal total
        _, total = await server.services.runs.page(
            TENANT, statuses=("completed", "failed"), limit=1
        )
        return total == runs

    await eventually(
        all_ended,
        within_s=DEADLINE_S,
        every_s=POLL_S,
        explain=lambda: f"{total} of {runs} runs have ended",
    )


def _request(server: RunningServer, run_id: str, definition: Definition) -> Write:
    at = server.services.clock.now()
    command = request_run(definition, run_id, at=at, data={"number": run_id})
    stream = stream_name(TENANT, RUN.name, run_id)
    return Write(stream=stream, expected=0, events=RUN.decide(command, RUN.initial))
