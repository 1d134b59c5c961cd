"""All roles on one store, behind a real socket; a timer also goes off when it is told to."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import aiohttp

from command_api.app import make_app
from command_api.auth import SharedSecret, TokenAuthenticator
from command_api.dialect import Dialect, discover
from command_api.serve import serve
from command_api.services import Services
from domain.definition.state import State as Definition
from domain.run.decisions import DECIDER as RUN
from domain.run.messages import FireTimer, Token
from domain.run.state import State as Run
from domain.stream import stream_name
from eventlog.clock import SystemClock
from eventlog.follow import follow
from eventlog.ids import new_id
from eventlog.transact import transact
from executor.functions import RegisteredFunctions
from executor.loading import load
from executor.registry import Registry
from executor.work import Executor
from projector.project import Projector
from projector.queries import Views
from projector.views import every_view
from scheduler.role import Scheduler
from tests.api.running import SECRET, Answered, Running, bearer
from tests.conformance.opening import opens

FUNCTIONS = "tests.scenarios.functions"
DEADLINE_S = 20


@dataclass(slots=True)
class Stack(Running):
    """A server with an executor behind it."""

    def client(self, name: str, tenant: str = "acme", **claims: object) -> "Client":
        """Return a client that speaks a dialect (by its OpenAPI name) as a user of a tenant."""
        (dialect,) = (one for one in discover() if one.name == name)
        base = dialect.bases[0].replace("{workspaceSlug}", tenant)
        return Client(self, dialect, base, bearer(tenant=tenant, **claims))

    async def fire(self, run_id: str, step_id: str, tenant: str = "acme") -> None:
        """Let the timer of a step's newest attempt go off."""
        run = RUN.fold(await self.events_of(run_id, tenant))
        step = run.steps[step_id]
        command = FireTimer(
            token=Token(step_id=step_id, visit=step.visit, attempt=step.attempt),
            graph=(await self._definition(run, tenant)).versions[run.definition_version].graph,
            at=max(step.due_at, self.services.clock.now()),
        )
        await transact(self.stores.events, RUN, stream_name(tenant, "run", run_id), command)

    async def events_of(self, run_id: str, tenant: str = "acme") -> list[Any]:
        """Return the events of a run."""
        history = await self.stores.events.read(stream_name(tenant, "run", run_id))
        return [one.event for one in history]

    async def _definition(self, run: Run, tenant: str) -> Definition:
        found = await self.services.views.definition(tenant, run.definition_id)
        assert found is not None
        return found


@dataclass(slots=True)
class Client:
    """Speaks one dialect in one workspace."""

    stack: Stack
    dialect: Dialect
    base: str
    headers: dict[str, str]

    async def call(self, method: str, path: str, **more: Any) -> Answered:
        headers = {**self.headers, **more.pop("headers", {})}
        return await self.stack.call(
            method, self.base + path, headers=headers, anonymous=True, **more
        )

    async def get(self, path: str, **more: Any) -> Answered:
        return await self.call("GET", path, **more)

    async def post(self, path: str, json: object = None, **more: Any) -> Answered:
        return await self.call("POST", path, json=json, **more)

    async def put(self, path: str, json: object = None, **more: Any) -> Answered:
        return await self.call("PUT", path, json=json, **more)

    async def delete(self, path: str, **more: Any) -> Answered:
        return await self.call("DELETE", path, **more)

    async def created(self, definition: object) -> dict[str, Any]:
        answer = await self.post("/orchestrations", definition)
        assert answer.status == 201, answer.body
        return answer.body

    async def started(self, definition_id: str, body: object = None) -> dict[str, Any]:
        verb = "trigger" if self.dialect.name == "centrali-reference" else "runs"
        answer = await self.post(f"/orchestrations/{definition_id}/{verb}", body)
        assert answer.status == 201, answer.body
        return answer.body

    async def until(
        self, definition_id: str, run_id: str, *statuses: str, query: str = ""
    ) -> dict[str, Any]:
        """Return the run once its status is one of these (default: it has ended)."""
        wanted = statuses or ("completed", "failed")
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            answer = await self.get(f"/orchestrations/{definition_id}/runs/{run_id}{query}")
            assert answer.status == 200, answer.body
            if answer.body["status"] in wanted:
                return answer.body
            await asyncio.sleep(0.005)
        raise AssertionError(f"the run is still {answer.body['status']}")

    async def ran(
        self, definition_id: str, body: object = None, *, query: str = ""
    ) -> dict[str, Any]:
        """Start a run and return it when it has ended."""
        run = await self.started(definition_id, body)
        return await self.until(definition_id, run["id"], query=query)


@asynccontextmanager
async def running_stack(
    folder: Path, *, backend: str = "memory", executor: bool = True, **changed: Any
) -> AsyncIterator[Stack]:
    """Run a server in every dialect; without `executor` nothing moves but the views."""
    stores, clock = await opens()[backend](folder), SystemClock()
    registry = Registry()
    for one in load(FUNCTIONS):
        registry.add(one)
    functions = RegisteredFunctions(registry, clock=clock)
    projector = Projector(stores.views, clock=clock)
    worker = Executor(stores.events, functions, clock=clock, rng=Random(1))
    services = replace(
        Services(
            store=stores.events,
            views=Views(stores.views),
            reached=projector.reached,
            position=lambda: projector.position,
            clock=clock,
            new_id=lambda: new_id(clock.now()),
            keys=stores.keys,
            secrets=stores.secrets,
            authenticator=TokenAuthenticator(SharedSecret(SECRET), clock),
        ),
        **changed,
    )
    await stores.views.prepare([view.table for view in every_view()])
    roles = [asyncio.create_task(projector.run(stores.log))]
    scheduler = Scheduler(stores, services.views, clock=clock, rng=Random(2))
    if executor:
        subscription = await stores.log.subscribe("executor", after=0)
        roles.append(asyncio.create_task(follow(subscription, worker.handle, clock=clock)))
        roles.append(asyncio.create_task(scheduler.run()))
    server = await serve(make_app(services), port=0)
    session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
    try:
        url = f"http://127.0.0.1:{server.port}"
        yield Stack(url, server.port, session, services, stores)
    finally:
        await session.close()
        await server.close()
        if executor:
            await scheduler.stop()
        await worker.stop(grace_s=1)
        for role in roles:
            role.cancel()
        await asyncio.gather(*roles, return_exceptions=True)
        await functions.close()
        await stores.close()
