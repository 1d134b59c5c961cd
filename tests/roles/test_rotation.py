"""Secrets are rotated while requests, runs and signed webhooks are under way."""

import asyncio
import hashlib
import hmac
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
import jwt
from pydantic import SecretStr

from baton.backend_choice import backend_of
from baton.command_api.serve import serve
from baton.role import RoleName
from baton.settings import Settings
from baton.stores import store_location
from baton.wiring import run_roles
from tests.dialects.centrali_documents import compute, orchestration
from tests.kit.eventually import eventually
from tests.servers.postgres import database_for

OLD, NEW = "the old secret of this test" + "0" * 32, "the new secret of this test" + "1" * 32
SIGNING = "a signing secret of one webhook"
BASE = "/orchestration/ws/acme/api/v1"
REQUESTS = 500
WORKERS: tuple[RoleName, ...] = ("projector", "executor", "scheduler")
PHASES = ((OLD,), (OLD, NEW), (NEW, OLD))
"""First all services learn the new secret, then they sign and seal with it."""


def settings_with(url: str, folder: Path, *secrets: str) -> Settings:
    return Settings(store=url, data=folder, jwt_secret=SecretStr(",".join(secrets)))


def bearer(secret: str) -> dict[str, str]:
    claims = {
        "sub": "ada",
        "tenant": "acme",
        "scope": "orchestrator:write",
        "exp": int(time.time()) + 600,
    }
    return {"Authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"}


@asynccontextmanager
async def api(settings: Settings) -> AsyncIterator[str]:
    async with run_roles(settings, frozenset(("api",))) as process:
        await process.ready()
        server = await serve(process.app(), port=0)
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            await server.close()


class Servers:
    """Two API services behind a balancer that sends nothing to one that restarts."""

    def __init__(self) -> None:
        self.urls: dict[int, str] = {}
        self.running: dict[int, AsyncExitStack] = {}
        self.busy = [0, 0]

    @asynccontextmanager
    async def one(self, number: int) -> AsyncIterator[str]:
        index = number % 2 if number % 2 in self.urls else next(iter(self.urls))
        self.busy[index] += 1
        try:
            yield self.urls[index]
        finally:
            self.busy[index] -= 1

    async def restart(self, settings: Settings) -> None:
        for index in (0, 1):
            self.urls.pop(index, None)
            await eventually(partial(self._is_idle, index), every_s=0.01)
            if index in self.running:
                await self.running.pop(index).aclose()
            self.running[index] = AsyncExitStack()
            self.urls[index] = await self.running[index].enter_async_context(api(settings))

    async def _is_idle(self, index: int) -> bool:
        return not self.busy[index]

    async def close(self) -> None:
        for stack in self.running.values():
            await stack.aclose()


@asynccontextmanager
async def closing_servers() -> AsyncIterator[Servers]:
    servers = Servers()
    try:
        yield servers
    finally:
        await servers.close()


class Load:
    """Starts runs by hand and by signed webhooks; `secret` signs the tokens of its requests."""

    def __init__(self, servers: Servers, session: aiohttp.ClientSession) -> None:
        self.servers, self.session = servers, session
        self.secret = OLD
        self.definition = ""
        self.answers: list[int] = []
        self.refusals: list[str] = []
        self.numbers = itertools.count()

    async def create(self) -> None:
        trigger = {
            "type": "http-trigger",
            "path": "in",
            "validateSignature": True,
            "signingSecret": SIGNING,
        }
        body = orchestration("orders", compute(function="noop"), trigger=trigger)
        async with self.servers.one(0) as url:
            made = await self._post(f"{url}{BASE}/orchestrations", bearer(OLD), json=body)
        self.definition = str(made["id"])

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set() or len(self.answers) < REQUESTS:
            number = next(self.numbers)
            async with self.servers.one(number // 2) as url:
                await (self._hook(url, number) if number % 2 else self._start(url))

    async def _start(self, url: str) -> None:
        path = f"{url}{BASE}/orchestrations/{self.definition}/runs"
        await self._post(path, bearer(self.secret), json={})

    async def _hook(self, url: str, number: int) -> None:
        body = f'{{"n": {number}}}'.encode()
        signature = hmac.new(SIGNING.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Signature": signature, "Content-Type": "application/json"}
        await self._post(f"{url}{BASE}/webhooks/in", headers, data=body)

    async def _post(self, url: str, headers: dict[str, str], **body: object) -> dict[str, object]:
        async with self.session.post(url, headers=headers, **body) as response:  # type: ignore[arg-type]
            self.answers.append(response.status)
            if response.status >= 300:
                self.refusals.append(f"{response.status} {url}: {await response.text()}")
            return dict(await response.json())


async def test_secrets_rotate_under_load_and_the_old_one_then_verifies_nothing(
    tmp_path: Path,
) -> None:
    url = await database_for(tmp_path)
    stop = asyncio.Event()
    async with (
        closing_servers() as servers,
        run_roles(settings_with(url, tmp_path, OLD), frozenset(WORKERS)) as workers,
        aiohttp.ClientSession() as session,
    ):
        await workers.ready()
        load = Load(servers, session)
        await servers.restart(settings_with(url, tmp_path, *PHASES[0]))
        await load.create()
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(load.run(stop))
            for secrets in PHASES[1:]:
                await servers.restart(settings_with(url, tmp_path, *secrets))
            load.secret = NEW
            both = store_location(settings_with(url, tmp_path, NEW, OLD), sealing="all")
            moved = await backend_of(url).reseal(both)
            again = await backend_of(url).reseal(both)
            await servers.restart(settings_with(url, tmp_path, NEW))
            stop.set()

        assert (moved.moved, again.moved, list(moved.unreadable)) == (1, 0, [])
        assert load.refusals == []
        assert len(load.answers) > REQUESTS
        runs = f"{BASE}/orchestrations/{load.definition}/runs"
        for server in servers.urls.values():
            async with session.get(server + runs, headers=bearer(OLD)) as response:
                assert response.status == 401

        async def completed() -> bool:
            query = f"{servers.urls[0]}{runs}?status=completed"
            async with session.get(query, headers=bearer(NEW)) as response:
                found = await response.json()
            return bool(found["meta"]["total"] == len(load.answers) - 1)

        await eventually(completed)
