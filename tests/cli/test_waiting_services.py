"""Services wait for servers that don't answer, log it, and aren't ready meanwhile."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.cli.test_services import VERBS, completes_a_run
from tests.kit.eventually import eventually
from tests.servers.cluster import Cluster
from tests.servers.kafka import private_broker
from tests.servers.local_kafka import LocalKafka
from tests.servers.local_postgres import LocalPostgres
from tests.servers.postgres import database_for, private_server
from tests.servers.proxy import Proxy
from tests.servers.service import Service

DEADLINE_S = 60

pytestmark = pytest.mark.timeout(150)


@pytest.fixture
async def servers() -> AsyncIterator[tuple[LocalPostgres, LocalKafka]]:
    postgres, kafka = private_server(), private_broker()
    try:
        yield postgres, kafka
    finally:
        postgres.remove()
        kafka.remove()


async def says(service: Service, pattern: str) -> str:
    """Wait until the service has printed or logged `pattern`; return its group, if any."""

    def found() -> re.Match[str] | None:
        assert service.alive, service.log_tail()
        return re.search(pattern, service.out_file.read_text() + service.log_tail())

    match = await eventually(found, within_s=DEADLINE_S, explain=service.log_tail)
    assert match is not None
    return match[match.lastindex or 0]


async def status(url: str, path: str) -> int:
    async with aiohttp.request("GET", url + path) as response:
        return response.status


async def becomes_unready(service: Service) -> None:
    async def is_unready() -> bool:
        return not await service.is_ready()

    await eventually(is_unready, within_s=DEADLINE_S)


async def is_not_ready(service: Service) -> None:
    url = await says(service, r"waits for the store; it answers at (\S+)")
    assert await status(url, "/healthz") == 200
    assert await status(url, "/readyz") == 503
    await says(service, "connecting to the store failed, retrying in .* PostgreSQL: ")


async def test_services_wait_for_their_servers_at_the_start_and_later(
    tmp_path: Path, servers: tuple[LocalPostgres, LocalKafka]
) -> None:
    postgres, kafka = servers
    async with Cluster(tmp_path, store=postgres.url, log=kafka.url) as cluster:
        await asyncio.to_thread(postgres.start)
        migrated = await cluster.baton("migrate")
        assert "Kafka: " in migrated.err, "the schema is there, the topics aren't"
        assert len(migrated.err.splitlines()) == 1
        await asyncio.to_thread(postgres.stop)
        services = [cluster.add(verb) for verb in VERBS]
        await asyncio.gather(*(one.launch() for one in services))
        await asyncio.gather(*map(is_not_ready, services))

        await asyncio.to_thread(postgres.start)
        api, executor, projector, scheduler = services
        await asyncio.gather(api.wait_until_ready(), projector.wait_until_ready())
        for service in (executor, scheduler):
            url = await says(service, r"executor answers at (\S+)|scheduler answers at (\S+)")
            assert await status(url, "/readyz") == 503
            await says(service, "connecting to the log failed, retrying in .* Kafka: 127.0.0.1:")
        await asyncio.to_thread(kafka.start)
        await asyncio.gather(executor.wait_until_ready(), scheduler.wait_until_ready())
        pids = [one.pid for one in services]

        await asyncio.to_thread(postgres.stop, signal.SIGQUIT)
        await asyncio.gather(*map(becomes_unready, services))
        await asyncio.to_thread(postgres.start)
        await completes_a_run(cluster.url, cluster.headers)

        assert [one.pid for one in services if one.alive] == pids
        assert set((await cluster.stop()).values()) == {0}


async def test_a_service_that_waits_stops_on_a_signal(tmp_path: Path) -> None:
    store, log = "postgresql://baton@127.0.0.1:1/x", "kafka://127.0.0.1:1"
    async with Cluster(tmp_path, store=store, log=log) as cluster:
        executor = cluster.add("executor")
        await executor.launch()
        await says(executor, "waits for the store")

        assert await executor.stop() == 0


async def test_dev_on_a_shared_store_waits_for_it(tmp_path: Path) -> None:
    async with Proxy(await database_for(tmp_path)) as proxy:
        url = proxy.url
    async with Cluster(tmp_path, store=url, log="memory:") as cluster:
        dev = cluster.add("dev")
        await dev.launch()
        await is_not_ready(dev)
        async with Proxy(await database_for(tmp_path), port=urlsplit(url).port or 0):
            waiting_at = await says(dev, r"waits for the store; it answers at (\S+)")
            ready_at = await says(dev, r"URL +(\S+)")
            assert ready_at == waiting_at
            await completes_a_run(ready_at, cluster.headers)

            assert await dev.stop() == 0
        assert not (tmp_path / "data" / "url").exists()


async def test_dev_that_waits_stops_on_a_signal(tmp_path: Path) -> None:
    async with Cluster(
        tmp_path, store="postgresql://baton@127.0.0.1:1/x", log="memory:"
    ) as cluster:
        dev = cluster.add("dev")
        await dev.launch()
        await says(dev, "waits for the store")

        assert await dev.stop() == 0
