"""Streams outlive their server on PostgreSQL and Kafka: killed by SIGKILL, or stopped."""

import asyncio
from collections import defaultdict
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.dialects.centrali_documents import compute, orchestration
from tests.kit.eventually import eventually
from tests.kit.stack import in_background
from tests.kit.streams import TRANSPORTS, ResumingReader
from tests.live.world import EVENTS_OF_A_RUN
from tests.servers import kafka
from tests.servers.cluster import TENANT, Cluster
from tests.servers.postgres import database_for

ORCHESTRATIONS = f"/orchestration/api/v1/workspaces/{TENANT}/orchestrations"
READERS = 10
RUNS_PER_PHASE = 20


@pytest.mark.timeout(240)
async def test_streams_resume_at_another_server_without_loss_or_repetition(tmp_path: Path) -> None:
    store, log = await database_for(tmp_path), kafka.server_url()
    functions = "tests.scenarios.functions"
    async with (
        Cluster(tmp_path / "cluster", store=store, log=log, functions=functions) as cluster,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        await cluster.migrate()
        await cluster.start("api", "api", "api", "executor", "projector", "scheduler")
        first, second, third = cluster.of("api")
        definition = await post(
            session, cluster, third.url, "", orchestration("orders", compute(function="answer"))
        )
        readers = [
            ResumingReader(lambda: cluster.url, cluster.headers, TRANSPORTS[number % 2])
            for number in range(READERS)
        ]
        async with in_background(*(reader.follow(session, 0) for reader in readers)):
            started = await start_runs(session, cluster, third.url, definition["id"])
            await until_seen(readers, 1)
            async with asyncio.TaskGroup() as group:
                starting = group.create_task(
                    start_runs(session, cluster, third.url, definition["id"])
                )
                await until_seen(readers, RUNS_PER_PHASE * EVENTS_OF_A_RUN)
                await first.kill()
            # Events of runs that start now reach only readers that have resumed elsewhere.
            started += starting.result()
            started += await start_runs(session, cluster, third.url, definition["id"])
            await until_seen(readers, len(started) * EVENTS_OF_A_RUN)
            async with asyncio.TaskGroup() as group:
                starting = group.create_task(
                    start_runs(session, cluster, third.url, definition["id"])
                )
                await second.stop()
            started += starting.result()
            await until_seen(readers, len(started) * EVENTS_OF_A_RUN)

    for reader in readers:
        positions = [event["position"] for event in reader.events]
        assert positions == sorted(set(positions))
        assert versions(reader.events) == {key: [1, 2, 3, 4, 5] for key in started}
        assert reader.events == readers[0].events
    assert {code for reader in readers for code in reader.codes[-1:]} == {1001}


async def until_seen(readers: list[ResumingReader], count: int) -> None:
    """Wait until every reader has received `count` events."""
    await eventually(
        lambda: all(len(reader.events) >= count for reader in readers),
        within_s=60,
        explain=lambda: f"{[(len(one.events), one.codes) for one in readers]} of {count}",
    )


async def start_runs(
    session: aiohttp.ClientSession, cluster: Cluster, url: str, definition_id: str
) -> list[str]:
    """Start runs, some at a time, and return their ids."""
    started = []
    for _ in range(RUNS_PER_PHASE // 4):
        path = f"/{definition_id}/trigger"
        starting = (post(session, cluster, url, path, {}) for _ in range(4))
        started += [run["id"] for run in await asyncio.gather(*starting)]
    return started


async def post(
    session: aiohttp.ClientSession, cluster: Cluster, url: str, path: str, body: object
) -> Any:
    async with session.post(
        f"{url}{ORCHESTRATIONS}{path}", json=body, headers=cluster.headers
    ) as response:
        assert response.status == 201, await response.text()
        return await response.json()


def versions(events: list[dict[str, Any]]) -> dict[str, list[int]]:
    """Return the versions of each run's events, in the order of their arrival."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for event in events:
        found[event["runId"]].append(event["version"])
    return dict(found)
