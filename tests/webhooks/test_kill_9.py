"""Deliveries survive `kill -9` of every role and of their receiver; none is lost or invented.

BATON_TEST_DELIVERIES sets the number of deliveries, 100 by default. With it, services of their own
on PostgreSQL and Kafka are killed, too.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest

from tests.dialects.centrali_documents import compute, orchestration
from tests.faults.driver import ORCHESTRATIONS, Driver, driving
from tests.faults.fault_cluster import FaultCluster
from tests.faults.server import Installation
from tests.kit.eventually import eventually
from tests.servers.kafka import server_url
from tests.servers.postgres import database_for
from tests.webhooks.receiver import Message, Receiver, receiving

RUNS = int(os.environ.get("BATON_TEST_DELIVERIES", "100"))
SETTINGS = {
    "BATON_WEBHOOKS_ALLOW_PRIVATE": "true",
    "BATON_WEBHOOK_BACKOFF": "0.1,0.3,0.5",
}
WITHIN_S = 60 + RUNS / 10
SECRET = "a secret of this test"


Killed = tuple[Driver[Any], Callable[[], Awaitable[None]]]
"""The driver of an installation, and a function that kills its processes and starts them again."""


@asynccontextmanager
async def embedded(folder: Path) -> AsyncIterator[Killed]:
    """Run every role in one process."""
    async with Installation(folder) as installation, driving(installation) as driver:
        await installation.start(**SETTINGS)

        async def crash() -> None:
            assert await installation.kill() == -9
            await installation.start(**SETTINGS)

        yield driver, crash


@asynccontextmanager
async def services(folder: Path) -> AsyncIterator[Killed]:
    """Run every role in a process of its own; api and scheduler are killed."""
    database = await database_for(folder)
    running = FaultCluster(folder / "cluster", database=database, kafka=server_url(), **SETTINGS)
    async with running as cluster, driving(cluster) as driver:
        await cluster.migrate()
        await cluster.start("projector", "executor", "scheduler", "api")

        async def crash() -> None:
            for name in ("scheduler-1", "api-1"):
                assert await cluster[name].kill() == -9
                await cluster[name].start()

        yield driver, crash


SETUPS = (embedded, services) if "BATON_TEST_DELIVERIES" in os.environ else (embedded,)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.__name__)
async def test_each_event_arrives_if_a_process_is_killed(tmp_path: Path, setup: Any) -> None:
    async with setup(tmp_path) as (driver, crash), _restarting(Random(7)) as (receiver, restart):
        definition = await driver.create(orchestration("brief", compute("a", "noop")))
        hook = await _register(driver, receiver.url)
        starting = asyncio.create_task(_start(driver, definition))
        for share in (0.2, 0.5):
            await eventually(
                lambda: len(receiver.got) >= share * RUNS,  # noqa: B023
                within_s=WITHIN_S,
                explain=driver.installation.log_tail,
            )
            await restart()
            await crash()
        await starting
        await _redrive_until_all_arrived(driver, hook, receiver)
        await _check(driver, receiver)


async def _check(driver: Driver[Any], receiver: Receiver) -> None:
    log = await driver.installation.events()
    requested = {
        one.stream.rpartition("/")[2]: one.data["run_id"]
        for one in log
        if one.topic == "delivery.DeliveryRequested"
    }
    completed = {one.stream for one in log if one.topic == "run.RunCompleted"}
    received = [one.verified(SECRET) for one in receiver.took]

    assert len(completed) == RUNS
    assert {f"demo/run/{run_id}" for run_id in requested.values()} == completed
    assert len(requested) == RUNS
    assert set(receiver.ids) == set(requested)
    for message, body in zip(receiver.took, received, strict=True):
        assert body["data"]["id"] == requested[message.id]
    bodies = Counter((one.id, one.raw) for one in receiver.got)
    assert len({ident for ident, _ in bodies}) == len(bodies), "a repeated id has another body"


async def _redrive_until_all_arrived(driver: Driver[Any], hook: str, receiver: Receiver) -> None:
    path = f"/webhooks/{hook}/deliveries"

    async def all_arrived() -> bool:
        _, dead = await driver.call("GET", f"{path}?status=dead&limit=500")
        for one in dead["deliveries"]:
            await driver.call("POST", f"{path}/{one['id']}/redrive")
        _, delivered = await driver.call("GET", f"{path}?status=delivered&limit=1")
        return bool(delivered["total"] == RUNS)

    await eventually(
        all_arrived, within_s=WITHIN_S, every_s=0.2, explain=driver.installation.log_tail
    )
    assert len(set(receiver.ids)) == RUNS


async def _register(driver: Driver[Any], url: str) -> str:
    events = ["workflow.execution.completed"]
    body = {"url": url, "events": events, "secret": SECRET}
    status, answer = await driver.call("POST", "/webhooks", json=body)
    assert status == 201, answer
    return str(answer["id"])


async def _start(driver: Driver[Any], definition: str) -> None:
    """Start every run once, whatever the server answers or doesn't."""

    async def one(number: int) -> bool:
        status, _ = await driver.call(
            "POST",
            f"{ORCHESTRATIONS}/{definition}/trigger",
            json={"input": {}},
            headers={"Idempotency-Key": f"run-{number}"},
        )
        return status < 300

    for number in range(RUNS):
        await eventually(
            lambda: one(number),  # noqa: B023
            within_s=WITHIN_S,
            retry_on=(aiohttp.ClientError, OSError, AssertionError),
        )


@asynccontextmanager
async def _restarting(rng: Random) -> AsyncIterator[tuple[Receiver, Any]]:
    """Yield a receiver that refuses 3 of 10 messages, and a function that restarts it.

    A restart ends the server with its connections; the same receiver goes on at the same port.
    """

    def answer(_: Message) -> int:
        return 500 if rng.random() < 0.3 else 200

    async with AsyncExitStack() as server:
        first = await server.enter_async_context(receiving(answer))
        port = int(first.url.split(":")[2].split("/")[0])

        async def crash() -> None:
            await server.aclose()
            await server.enter_async_context(receiving(answer, port=port, receiver=first))

        yield first, crash
