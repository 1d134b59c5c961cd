"""The services as processes, as an operator runs them."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.cli.conftest import Call
from tests.dialects.centrali_documents import compute, orchestration
from tests.kit.eventually import eventually
from tests.servers.cluster import Cluster
from tests.servers.kafka import server_url
from tests.servers.postgres import bare_database, database_for
from tests.servers.service import Service, Verb

VERBS: tuple[Verb, ...] = ("api", "executor", "projector", "scheduler")
DEADLINE_S = 60
BASE = "/orchestration/ws/demo/api/v1/orchestrations"
ONE_STEP = orchestration("one", compute(function="noop"))


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    store, log = await database_for(tmp_path), server_url()
    async with Cluster(tmp_path / "cluster", store=store, log=log) as made:
        yield made


async def completes_a_run(url: str, headers: dict[str, str]) -> None:
    async with asyncio.timeout(DEADLINE_S), aiohttp.ClientSession(url, headers=headers) as session:
        async with session.post(BASE, json=ONE_STEP) as response:
            made = await response.json()
            assert response.status == 201, made
        async with session.post(f"{BASE}/{made['id']}/runs", json={}) as response:
            run = await response.json()
            assert response.status == 201, run

        async def status() -> str | None:
            async with session.get(f"{BASE}/{made['id']}/runs/{run['id']}") as response:
                found = (await response.json())["status"]
            return found if found in {"completed", "failed"} else None

        assert await eventually(status, within_s=DEADLINE_S) == "completed"


async def lists_the_functions_of_the_executor(cluster: Cluster) -> None:
    """The api runs in another process; an executor that stops withdraws its functions."""

    async def functions() -> dict[str, Any]:
        async with aiohttp.request(
            "GET", f"{cluster.url}/functions", headers=cluster.headers
        ) as response:
            return dict(await response.json())

    async def are_gone() -> bool:
        nothing = {"functions": [], "queues": [], "executors": 0, "queueDepth": 0}
        return await functions() == nothing

    found = await functions()
    assert found["executors"] == 1
    assert "noop" in {one["name"] for one in found["functions"]}
    await cluster["executor-1"].stop()
    await eventually(are_gone, within_s=DEADLINE_S)


async def answers_at(service: Service) -> str:
    """Return the address of a service that isn't ready yet."""
    found = await eventually(
        lambda: re.search(r"answers at (\S+)", service.out_file.read_text()), within_s=DEADLINE_S
    )
    assert found is not None
    return found[1]


async def test_services_become_ready_work_together_and_stop_in_order(cluster: Cluster) -> None:
    await cluster.migrate()
    await cluster.start(*VERBS)
    async with aiohttp.ClientSession() as session:
        for service in cluster.services.values():
            async with session.get(f"{service.url}/readyz") as response:
                assert response.status == 200, await response.text()
    await completes_a_run(cluster.url, cluster.headers)
    await lists_the_functions_of_the_executor(cluster)

    assert set((await cluster.stop()).values()) == {0}
    assert "Traceback" not in cluster.log_tail()


async def test_only_an_api_accepts_commands(cluster: Cluster) -> None:
    without = await cluster.start("executor", "projector", "scheduler")
    async with aiohttp.ClientSession(headers=cluster.headers) as session:
        for service in without:
            async with session.get(f"{service.url}/metrics") as response:
                assert f"baton_{service.verb}_" in await response.text()
            async with session.post(f"{service.url}{BASE}", json=ONE_STEP) as response:
                assert response.status == 404, service.verb


async def test_an_api_without_a_projector_is_not_ready(cluster: Cluster) -> None:
    api = cluster.add("api")
    await api.launch()
    async with (
        asyncio.timeout(DEADLINE_S),
        aiohttp.ClientSession(headers=cluster.headers) as session,
    ):
        url = await answers_at(api)
        async with session.get(f"{url}/readyz") as response:
            assert response.status == 503
            assert (await response.json())["checks"]["views"] == "failing"
        async with session.get(f"{url}{BASE}") as response:
            assert response.status == 503
        await cluster.start("projector")
        await api.wait_until_ready()


async def test_migrating_again_changes_nothing(cluster: Cluster) -> None:
    first, again = await cluster.baton("migrate"), await cluster.baton("migrate")
    shown = re.sub(r"(?<=:)[^:@/]+(?=@)", "********", cluster.store)
    assert f"created topic {cluster.runs_topic}" in first.out
    assert again.out == (
        f"The schema of {shown} is up to date.\nThe topics of {cluster.log} are up to date.\n"
    )


@pytest.mark.parametrize("verb", ["migrate", "export", "replay", "deadletters list"])
def test_a_database_that_does_not_answer_is_reported_with_the_setting(
    call: Call, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setenv("BATON_STORE", "postgresql://baton@127.0.0.1:1/x")

    ended = call(*verb.split())

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "PostgreSQL: no server answers (Connection refused): start it, or check BATON_STORE\n"
    )


def test_migrate_without_settings_says_that_files_need_none(call: Call) -> None:
    ended = call("migrate")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "sqlite:///.baton/baton.db is migrated when it is opened"
        " (for services set BATON_STORE)\n"
        "memory: has no topics (for services set BATON_LOG)\n"
    )
    assert not Path(".baton").exists()


async def test_a_database_without_a_schema_is_refused_with_the_next_step(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, store=await bare_database(), log=server_url())
    said = await cluster.baton("executor")
    assert said.exit_code == 1
    assert "run `baton migrate`" in said.err
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("environment", "what"),
    [
        ({"BATON_STORE": "", "BATON_LOG": "kafka://127.0.0.1:1"}, "BATON_STORE=postgresql://"),
        ({"BATON_STORE": "postgresql://127.0.0.1:1/x"}, "BATON_LOG=kafka://"),
    ],
)
@pytest.mark.parametrize("verb", [*VERBS, "up"])
def test_a_service_needs_a_shared_store_and_a_shared_log(
    verb: str,
    environment: dict[str, str],
    what: str,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ended = call(verb)
    assert ended.code == 1
    assert what in ended.err
    assert "baton dev" in ended.err


async def test_up_restarts_services_that_end_and_stops_all(cluster: Cluster) -> None:
    await cluster.migrate()
    out = cluster.folder / "up.out"
    with out.open("wb") as output:
        up = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "baton", "up", "--port", "0", "--executors", "2"),
            cwd=cluster.folder,
            env=cluster.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:

        def ready_services() -> list[tuple[str, str]]:
            assert up.returncode is None, out.read_text()
            found = re.findall(r"Baton (\w+) is ready at (\S+)", out.read_text())
            return found if len(found) == 5 else []

        ready = await eventually(ready_services, within_s=DEADLINE_S, explain=out.read_text)
        names = sorted(name for name, _ in ready)
        assert names == ["api", "executor", "executor", "projector", "scheduler"]
        await completes_a_run(dict(ready)["api"], cluster.headers)
    finally:
        if up.returncode is None:
            up.send_signal(signal.SIGINT)
        try:
            async with asyncio.timeout(DEADLINE_S):
                await up.wait()
        finally:
            if up.returncode is None:
                up.kill()
    assert up.returncode == 0
    assert out.read_text().count("Stopping ") == 5
