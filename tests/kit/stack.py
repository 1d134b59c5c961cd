"""Baton in the test's own process: roles, an HTTP server on a real socket, a client with tokens."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import jwt

from baton.command_api.serve import serve
from baton.command_api.services import Services
from baton.domain.access.messages import AccessRefused
from baton.eventlog.ports.backend import Stores
from baton.role import ALL_ROLES, Replacements, RoleName
from baton.settings import Settings
from baton.wiring import run_roles

SECRET = "a secret for tests that is long enough for HS512 which needs 64 bytes"
ALL_SCOPES = "orchestrator:read orchestrator:write"
LIFETIME_S = 4 * 3_600
"""The life of a token in seconds: some are made when a module is imported, and used much later."""


def token(**claims: object) -> str:
    """Return a valid token of tenant acme; `claims` replace its claims, None removes one."""
    good = {
        "sub": "ada",
        "tenant": "acme",
        "scope": ALL_SCOPES,
        "exp": int(time.time()) + LIFETIME_S,
        **claims,
    }
    present = {name: value for name, value in good.items() if value is not None}
    return jwt.encode(present, SECRET, algorithm="HS256")


def bearer(**claims: object) -> dict[str, str]:
    """Return the headers of a request with `token(**claims)`."""
    return {"Authorization": f"Bearer {token(**claims)}"}


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response; `body` is its decoded JSON, or None."""

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
        """Send a request and return its response; only the head of a live stream is read."""
        sent = {} if anonymous else bearer(tenant=self.tenant)
        sent.update(headers or {})
        async with self.session.request(
            method, self.url + path, json=json, data=data, headers=sent, allow_redirects=False
        ) as response:
            endless = response.headers.get("X-Accel-Buffering") == "no"
            raw = b"" if endless else await response.read()
            is_json = response.content_type.endswith(("/json", "+json"))
            body = await response.json(content_type=None) if is_json and raw else None
            return Response(response.status, response.headers.copy(), raw, body)

    async def get(self, path: str, **more: Any) -> Response:
        return await self.call("GET", path, **more)

    async def post(self, path: str, json: object = None, **more: Any) -> Response:
        return await self.call("POST", path, json=json, **more)

    async def head(self) -> int:
        """Return the position of the newest event in the store."""
        return await self.stores.events.head()

    async def changes_after(self, position: int) -> list[object]:
        """Return the events behind a position, but for refusals, which are recorded later."""
        found = await self.stores.events.read_all(after=position, limit=10_000)
        return [one.event for one in found if not isinstance(one.event, AccessRefused)]

    async def stored(self) -> Sequence[object]:
        """Return every event in the store."""
        return [one.event for one in await self.stores.events.read_all(after=0, limit=10_000)]


S = TypeVar("S", bound=RunningServer)


@asynccontextmanager
async def serving(
    app: Any, services: Services, stores: Stores, kind: type[S], **members: Any
) -> AsyncIterator[S]:
    """Serve an application until the block ends.

    Args:
        app: The ASGI application.
        services: The services of the application.
        stores: The stores behind the services.
        kind: The class of the server that is yielded.
        members: Further members of that class.
    """
    server = await serve(app, port=0)
    # Without a limit on connections, as a test may send any number of requests at once.
    connector = aiohttp.TCPConnector(limit=0)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as session:
        try:
            url = f"http://127.0.0.1:{server.port}"
            yield kind(url, server.port, session, services, stores, **members)
        finally:
            await server.close()


@asynccontextmanager
async def running_roles(
    settings: Settings,
    kind: type[S],
    *,
    roles: frozenset[RoleName] = ALL_ROLES,
    replaced: Replacements | None = None,
    **members: Any,
) -> AsyncIterator[S]:
    """Run roles as `baton dev` does, with an HTTP server, until the block ends.

    Args:
        settings: The settings; their `jwt_secret` must be `SECRET` for requests with tokens.
        kind: The class of the server that is yielded.
        roles: The roles to run.
        replaced: Parts of the process to replace, such as its time.
        members: Further members of that class.
    """
    async with run_roles(settings, roles, replaced=replaced) as process:
        stores = process.context.stores
        async with serving(process.app(), process.services, stores, kind, **members) as running:
            await process.ready()
            yield running


@asynccontextmanager
async def in_background(
    *coroutines: Coroutine[Any, Any, None],
) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Run coroutines as tasks that are cancelled, and waited for, when the block ends."""
    tasks = [asyncio.create_task(one) for one in coroutines]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
