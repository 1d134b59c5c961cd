"""A server on a real socket over a backend (memory by default), its projector, and a client."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import jwt

from baton.command_api.app import make_app
from baton.command_api.dialect.contract import Dialect
from baton.command_api.security.auth import TokenAuthenticator
from baton.command_api.security.token_keys import SharedSecrets
from baton.command_api.serve import serve
from baton.command_api.services import Services
from baton.eventlog.clock import SystemClock
from baton.eventlog.ids import new_id
from baton.eventlog.ports.backend import Stores
from baton.eventlog.run_values import RunValues
from baton.projector.projector import Projector
from baton.projector.views.definitions.queries import DefinitionQueries
from baton.projector.views.run_steps.queries import RunStepQueries
from baton.projector.views.runs.queries import RunQueries
from tests.api.tiny_dialect import DIALECT
from tests.backends import memory

SECRET = "a secret for tests that is long enough for HS512 which needs 64 bytes"
ALL = "orchestrator:read orchestrator:write"


def token(**claims: object) -> str:
    """Return a valid token of tenant acme; `claims` replace its claims, None removes one."""
    good = {
        "sub": "ada",
        "tenant": "acme",
        "scope": ALL,
        "exp": int(time.time()) + 600,
        **claims,
    }
    present = {name: value for name, value in good.items() if value is not None}
    return jwt.encode(present, SECRET, algorithm="HS256")


def bearer(**claims: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(**claims)}"}


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    raw: bytes
    body: Any


@dataclass(slots=True)
class RunningServer:
    """A running server; requests carry a token of `tenant` unless they are anonymous."""

    url: str
    port: int
    session: aiohttp.ClientSession
    services: Services
    stores: Stores
    tenant: str = "acme"

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        anonymous: bool = False,
    ) -> Response:
        sent = {} if anonymous else bearer(tenant=self.tenant)
        sent.update(headers or {})
        async with self.session.request(
            method, self.url + path, json=json, data=data, headers=sent, allow_redirects=False
        ) as response:
            raw = await response.read()
            is_json = "json" in response.headers.get("Content-Type", "")
            body = await response.json(content_type=None) if is_json and raw else None
            return Response(response.status, response.headers.copy(), raw, body)

    async def get(self, path: str, **more: Any) -> Response:
        return await self.call("GET", path, **more)

    async def post(self, path: str, json: object = None, **more: Any) -> Response:
        return await self.call("POST", path, json=json, **more)

    async def stored(self) -> Sequence[object]:
        """Return every event in the store."""
        return [one.event for one in await self.stores.events.read_all(after=0, limit=10_000)]


@asynccontextmanager
async def running(
    folder: Path,
    *,
    dialects: Sequence[Dialect] = (DIALECT,),
    open_stores: Callable[[Path], Awaitable[Stores]] = memory.open_stores,
    **changed: Any,
) -> AsyncIterator[RunningServer]:
    """Run a server; `changed` replaces members of `Services`."""
    stores, clock = await open_stores(folder), SystemClock()
    projector = Projector(stores.views, clock=clock)
    services = replace(
        Services(
            store=stores.events,
            values=RunValues(stores.artifacts),
            definitions=DefinitionQueries(stores.views),
            runs=RunQueries(stores.views),
            run_steps=RunStepQueries(stores.views),
            reached=projector.reached,
            position=lambda: projector.position,
            clock=clock,
            new_id=lambda: new_id(clock.now()),
            keys=stores.keys,
            secrets=stores.secrets,
            authenticator=TokenAuthenticator(SharedSecrets(SECRET), clock),
        ),
        **changed,
    )
    following = asyncio.create_task(projector.run(stores.log))
    server = await serve(make_app(services, dialects), port=0)
    session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
    try:
        url = f"http://127.0.0.1:{server.port}"
        yield RunningServer(url, server.port, session, services, stores)
    finally:
        await session.close()
        await server.close()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await stores.close()
