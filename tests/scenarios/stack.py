"""All roles on one store, behind a real socket; a timer also goes off when it is told to."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

from baton.command_api.dialect.contract import Dialect, discover
from baton.command_api.serve import serve
from baton.domain.definition.state import State as Definition
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import FireTimer, Token
from baton.domain.run.state import State as Run
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import load
from baton.eventlog.loops.transact import transact
from baton.role import RoleName
from baton.settings import Settings
from baton.wiring import Process, run_roles
from tests.api.running import SECRET, Response, RunningServer, bearer
from tests.servers.kafka import server_url, topic_prefix_for
from tests.servers.postgres import database_for

DEADLINE_S = 20


@dataclass(slots=True)
class Stack(RunningServer):
    """A server with an executor behind it."""

    def client(self, name: str, tenant: str = "", **claims: object) -> "Client":
        """Return a client that speaks a dialect (by its OpenAPI name) as a user of a tenant."""
        tenant = tenant or self.tenant
        (dialect,) = (one for one in discover() if one.name == name)
        base = dialect.bases[0].replace("{workspaceSlug}", tenant)
        return Client(self, dialect, base, bearer(tenant=tenant, **claims))

    async def fire(self, run_id: str, step_id: str) -> None:
        """Let the timer of a step's newest attempt go off."""
        stream = stream_name(self.tenant, "run", run_id)
        run = (await load(self.stores.events, RUN, stream)).state
        step = run.steps[step_id]
        command = FireTimer(
            token=Token(step_id=step_id, visit=step.visit, attempt=step.attempt),
            graph=(await self._definition(run)).versions[run.definition_version].graph,
            at=max(step.due_at, self.services.clock.now()),
        )
        await transact(self.stores.events, RUN, stream, command)

    async def events_of(self, run_id: str) -> list[Any]:
        """Return the events of a run."""
        history = await self.stores.events.read(stream_name(self.tenant, "run", run_id))
        return [one.event for one in history]

    async def _definition(self, run: Run) -> Definition:
        found = await self.services.definitions.get(self.tenant, run.definition_id)
        assert found is not None
        return found


@dataclass(slots=True)
class Client:
    """Speaks one dialect in one workspace."""

    stack: Stack
    dialect: Dialect
    base: str
    headers: dict[str, str]

    async def call(self, method: str, path: str, **more: Any) -> Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return await self.stack.call(
            method, self.base + path, headers=headers, anonymous=True, **more
        )

    async def get(self, path: str, **more: Any) -> Response:
        return await self.call("GET", path, **more)

    async def post(self, path: str, json: object = None, **more: Any) -> Response:
        return await self.call("POST", path, json=json, **more)

    async def put(self, path: str, json: object = None, **more: Any) -> Response:
        return await self.call("PUT", path, json=json, **more)

    async def delete(self, path: str, **more: Any) -> Response:
        return await self.call("DELETE", path, **more)

    async def create(self, definition: object) -> dict[str, Any]:
        answer = await self.post("/orchestrations", definition)
        assert answer.status == 201, answer.body
        return shown(answer)

    async def start(self, definition_id: str, body: object = None) -> dict[str, Any]:
        verb = "trigger" if self.dialect.name == "centrali-reference" else "runs"
        answer = await self.post(f"/orchestrations/{definition_id}/{verb}", body)
        assert answer.status == 201, answer.body
        return shown(answer)

    async def wait_for(
        self, definition_id: str, run_id: str, *statuses: str, query: str = ""
    ) -> dict[str, Any]:
        """Return the run once its status is one of these (default: it has ended)."""
        wanted = statuses or ("completed", "failed")
        run: dict[str, Any] = {"status": "unknown"}
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            answer = await self.get(f"/orchestrations/{definition_id}/runs/{run_id}{query}")
            assert answer.status == 200, answer.body
            run = shown(answer)
            if run["status"] in wanted:
                return run
            await asyncio.sleep(0.005)
        raise AssertionError(f"the run is still {run['status']}")

    async def run_to_end(
        self, definition_id: str, body: object = None, *, query: str = ""
    ) -> dict[str, Any]:
        """Start a run and return it when it has ended."""
        run = await self.start(definition_id, body)
        return await self.wait_for(definition_id, run["id"], query=query)


def shown(answer: Response) -> dict[str, Any]:
    """Return the object that was answered."""
    assert isinstance(answer.body, dict)
    return answer.body


async def settings_for(folder: Path, setting: str) -> Settings:
    """Return what a setting of `tests.conformance.deployments` is configured by, in `folder`."""
    backend, _, transport = setting.partition("+")
    stores = {"memory": "memory:", "sqlite": ""}
    prefix = topic_prefix_for(folder)
    return Settings(
        data=folder,
        log=server_url() if transport else "memory:",
        topic_prefix=prefix,
        records_topic=f"{prefix}records",
        store=await database_for(folder) if backend == "postgres" else stores[backend],
        jwt_secret=SecretStr(SECRET),
        functions=("tests.scenarios.functions",),
    )


@asynccontextmanager
async def running_stack(folder: Path, *, backend: str = "memory") -> AsyncIterator[Stack]:
    """Run all roles, as `baton dev` does, and a server in every dialect."""
    settings = await settings_for(folder, backend)
    async with run_roles(settings) as process, serving(process) as stack:
        await process.ready()
        yield stack


@asynccontextmanager
async def idle_stack(folder: Path) -> AsyncIterator[Stack]:
    """Run a server where nothing moves but the views: runs stay pending."""
    settings = await settings_for(folder, "memory")
    idle: frozenset[RoleName] = frozenset(("api", "projector"))
    async with run_roles(settings, idle) as process, serving(process) as stack:
        await process.ready()
        yield stack


@asynccontextmanager
async def serving(process: Process) -> AsyncIterator[Stack]:
    server = await serve(process.app(), port=0)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        try:
            url = f"http://127.0.0.1:{server.port}"
            yield Stack(url, server.port, session, process.context.services, process.context.stores)
        finally:
            await server.close()
