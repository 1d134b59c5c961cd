"""A key that is revoked while clients use it on two servers is refused by both within a second."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest_asyncio

from baton.cli.data.access import changing, operator
from baton.command_api.commands.access import revoke_api_key
from baton.settings import Settings
from baton.stores import open_stores
from tests.kit.api_keys import Key, create_key
from tests.kit.eventually import eventually
from tests.kit.stack import in_background
from tests.servers.cluster import TENANT, Cluster
from tests.servers.kafka import server_url
from tests.servers.postgres import database_for

CLIENTS = 50
REFUSED = (401, 429)
START_S = 30


@dataclass(slots=True)
class Caller:
    """A client that uses one key on one server without a pause."""

    session: aiohttp.ClientSession
    url: str
    key: Key
    statuses: list[int] = field(default_factory=list)

    async def call(self) -> None:
        while True:
            async with self.session.get(f"{self.url}/runs", headers=self.key.headers) as answer:
                await answer.read()
            self.statuses.append(answer.status)


@pytest_asyncio.fixture(loop_scope="module")
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    """Two servers, each a process of its own, on one PostgreSQL and one Kafka."""
    store, log = await database_for(tmp_path), server_url()
    async with Cluster(tmp_path / "cluster", store=store, log=log) as services:
        await services.start("projector", "api", "api")
        yield services


async def test_a_key_revoked_in_use_is_refused_by_every_server_within_a_second(
    cluster: Cluster,
) -> None:
    settings = Settings(store=cluster.store)
    stores = await open_stores(settings, beside=True, sealing="none")
    revoked, kept = [await create_key(stores, TENANT) for _ in range(2)]
    await stores.close()
    urls = [one.url for one in cluster.of("api")]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        callers = [
            Caller(session, url, revoked) for url, _ in zip(itertools.cycle(urls), range(CLIENTS))
        ]
        others = [Caller(session, url, kept) for url in urls]
        async with in_background(*(caller.call() for caller in (*callers, *others))):
            await eventually(
                lambda: all(len(caller.statuses) > 3 for caller in callers), within_s=START_S
            )
            assert {status for caller in callers for status in caller.statuses} == {200}
            async with changing(settings) as access:  # as `baton apikey revoke` does
                await revoke_api_key(access, TENANT, revoked.id, actor=operator(), at=1)
            await eventually(
                lambda: all(caller.statuses[-1] in REFUSED for caller in callers), within_s=1
            )
            seen = [len(caller.statuses) for caller in callers]
            await eventually(
                lambda: all(
                    len(caller.statuses) > count + 3
                    for caller, count in zip(callers, seen, strict=True)
                ),
                within_s=START_S,
            )
        async with session.get(f"{urls[0]}/runs", headers=cluster.headers) as answer:
            assert answer.status == 200

    for caller, count in zip(callers, seen, strict=True):
        assert set(caller.statuses[count:]) <= set(REFUSED)
    for other in others:
        assert set(other.statuses) == {200}
