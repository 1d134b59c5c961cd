"""Every service and a worker on encrypted servers: 100 runs, and a forged result."""

import asyncio
import json
import re
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from baton.backends.kafka.client_lifecycle import close_client
from baton.backends.kafka.connection import Connection, connection_to
from tests.dialects.centrali_documents import compute, orchestration
from tests.faults.driver import ORCHESTRATIONS
from tests.kit.eventually import eventually
from tests.servers.cluster import Cluster
from tests.servers.encrypted import (
    PASSWORD,
    USER,
    Certificates,
    EncryptedKafka,
    EncryptedPostgres,
    scram,
)

RUNS = 100
FORGED = 3
WITHIN_S = 60
DEFINITION = orchestration("squares", compute("square", "square"))
DECLARED = '[functions.square]\nqueue = "numbers"\n'
FUNCTIONS = """
from baton import function


@function("square")
def square(payload: dict) -> int:
    return payload["input"]["number"] ** 2
"""
REFUSED = re.compile(r'worker_answers_refused_total\{reason="forged"\} (\S+)')

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
async def cluster(
    tmp_path: Path, postgres: EncryptedPostgres, kafka: EncryptedKafka, certificates: Certificates
) -> AsyncIterator[Cluster]:
    (tmp_path / "baton.toml").write_text(DECLARED)
    (tmp_path / "squares.py").write_text(FUNCTIONS)
    security = {
        "BATON_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "BATON_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "BATON_KAFKA_USERNAME": USER,
        "BATON_KAFKA_PASSWORD": PASSWORD,
        "BATON_KAFKA_CA_FILE": str(certificates.authority),
    }
    async with Cluster(tmp_path, store=postgres.url, log=kafka.url, **security) as services:
        yield services


@asynccontextmanager
async def a_worker(cluster: Cluster) -> AsyncIterator[None]:
    with (cluster.folder / "worker.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "baton", "worker", "--queue", "numbers"),
            *("--functions", "squares.py"),
            cwd=cluster.folder,
            env=cluster.environment,
            stdin=DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), WITHIN_S)
        finally:
            if process.returncode is None:
                process.kill()


async def start_runs(session: aiohttp.ClientSession) -> dict[str, int]:
    """Create the definition and start its runs; return the input of each by its path."""

    async def post(path: str, body: object) -> Any:
        async with session.post(ORCHESTRATIONS + path, json=body) as response:
            assert response.status < 300, await response.text()
            return (await response.json())["id"]

    definition = await post("", DEFINITION)
    calls = (
        post(f"/{definition}/trigger", {"input": {"number": number}}) for number in range(RUNS)
    )
    ids = await asyncio.gather(*calls)
    return {f"/{definition}/runs/{ident}": number for number, ident in enumerate(ids)}


async def wait_for_topic(connection: Connection, topic: str) -> None:
    """Wait until the executor has created a topic: its first task does."""
    admin = connection.admin()
    await admin.start()
    try:

        async def exists() -> bool:
            return topic in await admin.list_topics()

        await eventually(exists, within_s=WITHIN_S)
    finally:
        await close_client(admin)


async def read_tasks(connection: Connection, topic: str) -> list[dict[str, Any]]:
    """Return the tasks of all runs, without acknowledging them for the workers."""
    await wait_for_topic(connection, topic)
    consumer = connection.consumer(group="eavesdropper")
    await consumer.start()
    try:
        consumer.subscribe([topic])
        tasks: list[dict[str, Any]] = []

        async def all_are_there() -> bool:
            found = await consumer.getmany(timeout_ms=200)
            tasks.extend(json.loads(one.value or b"") for batch in found.values() for one in batch)
            return len(tasks) >= RUNS

        await eventually(all_are_there, within_s=WITHIN_S)
        return tasks
    finally:
        await close_client(consumer)


async def forge_results(connection: Connection, topic: str, tasks: list[dict[str, Any]]) -> None:
    """Answer tasks as a program does that can write to the topic and guesses execution ids."""
    producer = connection.producer()
    await producer.start()
    try:
        for task in tasks:
            names = {"executionId": task["executionId"], "attempt": task["attempt"]}
            answer = {"type": "result", **names, "status": "succeeded", "output": "forged"}
            await producer.send_and_wait(topic, json.dumps(answer).encode())
    finally:
        await close_client(producer)


async def forged(cluster: Cluster) -> float:
    async with aiohttp.request("GET", f"{cluster['executor-1'].url}/metrics") as response:
        found = REFUSED.search(await response.text())
    assert found is not None
    return float(found[1])


async def outputs(session: aiohttp.ClientSession, runs: dict[str, int]) -> dict[str, object]:
    """Wait until every run has completed, and return the output of its step by its path."""
    found: dict[str, object] = {}

    async def all_are_over() -> bool:
        for path in runs.keys() - found.keys():
            async with session.get(ORCHESTRATIONS + path) as response:
                run = await response.json()
            if run["status"] != "completed":
                return False
            found[path] = run["stepOutputs"]["square"]
        return True

    await eventually(all_are_over, within_s=WITHIN_S, every_s=0.1)
    return found


async def plain_connections(url: str) -> int:
    admin = await asyncpg.connect(url)
    try:
        return int(
            await admin.fetchval(
                "SELECT count(*) FILTER (WHERE NOT ssl) FROM pg_stat_ssl "
                "JOIN pg_stat_activity USING (pid) WHERE application_name = 'baton'"
            )
        )
    finally:
        await admin.close()


async def test_all_services_and_a_worker_run_on_encrypted_servers_and_refuse_a_forged_result(
    cluster: Cluster, kafka: EncryptedKafka, certificates: Certificates
) -> None:
    connection = connection_to(kafka.url, scram(certificates))
    await cluster.migrate()
    await cluster.start("api", "executor", "projector", "scheduler")
    async with aiohttp.ClientSession(cluster.url, headers=cluster.headers) as session:
        runs = await start_runs(session)
        tasks = await read_tasks(connection, f"{cluster.prefix}tasks.numbers")
        await forge_results(connection, f"{cluster.prefix}results", tasks[:FORGED])

        async def are_counted() -> bool:
            return await forged(cluster) == FORGED

        await eventually(are_counted, within_s=WITHIN_S, explain=cluster.log_tail)
        async with a_worker(cluster):
            assert await outputs(session, runs) == {path: n**2 for path, n in runs.items()}
    assert await plain_connections(cluster.store) == 0
    shown = await cluster.baton("config")
    assert "kafka_username" in shown.out
    assert PASSWORD not in shown.out + cluster.log_tail()
    assert set((await cluster.stop()).values()) == {0}
