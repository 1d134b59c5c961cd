"""All roles on one store, behind a real socket, and a client of any dialect."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import SecretStr

from baton.command_api.dialect.contract import (
    Dialect,
    FromHeader,
    FromPath,
    FromToken,
    discover,
)
from baton.command_api.own import own_api
from baton.domain.definition.state import State as Definition
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.commands import FireTimer
from baton.domain.run.outcome import Token
from baton.domain.run.state import State as Run
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import load
from baton.eventlog.loops.transact import transact
from baton.role import RoleName
from baton.settings import Settings
from tests.conformance.deployments import settings_of
from tests.kit.api_keys import Key, create_key
from tests.kit.stack import (
    ALL_SCOPES,
    SECRET,
    Response,
    RunningServer,
    bearer,
    running_roles,
)

DEADLINE_S = 20


@dataclass(slots=True)
class Stack(RunningServer):
    """A server with an executor behind it.

    Clients send tokens, or where there are `keys`, the API key of their tenant and scope.
    """

    keys: Mapping[tuple[str, str], Key] = field(default_factory=dict)

    @property
    def other_tenant(self) -> str:
        """A further tenant; where tests share a server, each has one of its own."""
        return self.tenant.replace("acme", "globex")

    def client(self, name: str, tenant: str = "", **claims: object) -> "Client":
        """Return a client of a dialect, by its OpenAPI name; Baton's own API is called "baton".

        Args:
            name: The dialect's name.
            tenant: The user's tenant; by default the stack's.
            claims: Claims of the user's token that differ from the usual ones. A key has no other
                than `scope`.
        """
        tenant = tenant or self.tenant
        dialect = _dialects()[name]
        base, headers = base_and_headers(dialect, tenant)
        return Client(self, dialect, tenant, base, {**headers, **self._credential(tenant, claims)})

    def _credential(self, tenant: str, claims: Mapping[str, object]) -> dict[str, str]:
        if self.keys:
            return self.keys[tenant, str(claims.get("scope", ALL_SCOPES))].headers
        return bearer(tenant=tenant, **claims)

    async def fire(self, run_id: str, step_id: str) -> None:
        """Fire the timer of a step's newest attempt, whatever the time."""
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
    """Sends requests in one dialect, as a user of one tenant."""

    stack: Stack
    dialect: Dialect
    tenant: str
    base: str
    headers: dict[str, str]

    async def call(self, method: str, path: str, **more: Any) -> Response:
        headers = {**self.headers, **more.pop("headers", {})}
        if self.dialect.requires_keys and method == "POST":
            headers.setdefault("Idempotency-Key", uuid4().hex)
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


@cache
def _dialects() -> Mapping[str, Dialect]:
    """Return all dialects by their OpenAPI names; finding them looks through many folders."""
    return {one.name: one for one in (*discover(), own_api())}


def base_and_headers(dialect: Dialect, tenant: str) -> tuple[str, dict[str, str]]:
    """Return the base path, and the headers, by which a request in `dialect` names its tenant."""
    base = dialect.bases[0]
    match dialect.tenant:
        case FromPath(parameter=parameter):
            return base.replace(f"{{{parameter}}}", tenant), {}
        case FromHeader(header=header) | FromToken(header=header):
            return base, {header: tenant}


async def settings_for(folder: Path, deployment: str) -> Settings:
    """Return the settings of a deployment of `tests.conformance.deployments`, in `folder`."""
    return Settings(
        data=folder,
        jwt_secret=SecretStr(SECRET),
        functions=("tests.scenarios.functions",),
        webhooks_allow_private=True,
        webhook_backoff=(0.1, 0.1),
        **await settings_of(deployment, folder),
    )


@asynccontextmanager
async def running_stack(folder: Path, *, backend: str = "memory") -> AsyncIterator[Stack]:
    """Run every role, as `baton dev` does, with a server of every dialect."""
    async with running_roles(await settings_for(folder, backend), Stack) as stack:
        yield stack


@asynccontextmanager
async def idle_stack(folder: Path) -> AsyncIterator[Stack]:
    """Run a server and its projector only: every run stays pending."""
    settings = await settings_for(folder, "memory")
    idle: frozenset[RoleName] = frozenset(("api", "projector"))
    async with running_roles(settings, Stack, roles=idle) as stack:
        yield stack


async def with_keys(stack: Stack, tenants: Sequence[str], scopes: Sequence[str]) -> Stack:
    """Return the stack with clients that send API keys, one for each tenant and scope."""
    keys = {
        (tenant, scope): await create_key(stack.stores, tenant, scopes=tuple(scope.split()))
        for tenant in tenants
        for scope in scopes
    }
    return replace(stack, keys=keys)
