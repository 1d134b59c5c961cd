"""The operations of the Orchestrator's seed: each is there, and admins see the server's state."""

import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from baton.command_api.dialects.orchestrator import documents
from baton.command_api.principal import ADMIN
from tests.dialects.orchestrator_client import OrchestratorClient, dag, orchestrator_client, step
from tests.kit.eventually import eventually
from tests.kit.stack import Response
from tests.scenarios.stack import DEADLINE_S, Stack

SEED = (Path(__file__).parents[1] / "seeds" / "004-orchestrator.txt").read_text(encoding="utf-8")
OPERATIONS = re.findall(r"(GET|POST) (/[^\s—]*)", SEED)


async def test_every_operation_of_the_seed_answers_with_the_documented_shape(
    stack: Stack,
) -> None:
    client = orchestrator_client(stack)
    await client.publish(dag("flow", "1.0", step("a", "what-i-got"), metadata={"a": 1}))
    run = await client.run_to_end("flow", inputs={"text": "x" * 70_000}, runToken="seed")
    names = {"dagId": "flow", "version": "1.0", "runId": run["runId"], "stepId": "a"}
    names["hash"] = run["steps"][0]["outputsHash"]
    bodies: dict[str, Any] = {
        "/dags": dag("flow", "1.1", step("a")),
        "/runs": {"dagId": "flow", "inputs": {}, "runToken": "seed-2"},
    }
    seen = []
    for method, path in OPERATIONS:
        template = path.partition("?")[0]
        (route,) = (
            one for one in client.dialect.routes if (one.method, one.path) == (method, template)
        )
        body = bodies.get(path) if method == "POST" else None
        answer = await client.call(method, path.format(**names), json=body)
        assert answer.status == route.status, (method, path, answer.raw)
        if route.response is not None and not route.live:
            TypeAdapter(route.response).validate_python(answer.body)
        seen.append(route.path)

    assert len(seen) == len(OPERATIONS)
    assert {route.path for route in client.dialect.routes} == set(seen)


async def test_every_answer_has_the_documented_shape(memory: Stack) -> None:
    client = orchestrator_client(memory)
    retry = {"maxAttempts": 2, "backoffMs": 3_600_000}
    await client.publish(dag("bad", "1", step("a", "break"), step("b"), edges="a>b"))
    await client.publish(dag("slow", "1", step("a", "break", retry=retry)))
    failed = await client.run_to_end("bad")
    waiting = await client.wait_for((await client.start("slow"))["runId"], "waiting")

    for run in (failed, waiting):
        TypeAdapter(documents.Run).validate_python(run)
        path = f"/runs/{run['runId']}/steps"
        listed, shown = await client.get(path), await client.get(f"{path}/a")
        TypeAdapter(documents.StepExecutions).validate_python(listed.body)
        TypeAdapter(documents.StepDetail).validate_python(shown.body)


@pytest.mark.operations("orchestrator", "getHealth")
async def test_health_shows_the_queue_of_the_tenant_alone(idle: Stack) -> None:
    client, globex = orchestrator_client(idle), orchestrator_client(idle, "globex")
    for one, runs in ((client, 3), (globex, 1)):
        await one.publish(dag("flow", "1", step("a")))
        for _ in range(runs):
            await one.start("flow")
    answer = await client.get("/admin/health")

    assert answer.status == 200
    assert answer.body == {
        "status": "ready",
        "live": True,
        "ready": True,
        "checks": {"store": "ok", "views": "ok"},
        "queueDepth": {"acme": 3},
    }
    assert (await globex.get("/admin/health")).body["queueDepth"] == {"globex": 1}


async def test_calls_that_wait_for_a_place_are_counted_for_their_tenant_alone(
    stack: Stack,
) -> None:
    client, globex = orchestrator_client(stack), orchestrator_client(stack, "globex")
    started = []
    for one, runs, waiting in ((client, 3, 2), (globex, 1, 1)):
        await one.publish(dag("flow", "1", step("a", "hold-alone")))
        started += [(one, (await one.start("flow"))["runId"]) for _ in range(runs)]
        await eventually(partial(shows_waiting_calls, one, waiting), within_s=DEADLINE_S)
    await eventually(partial(shows_queue_depth, stack, 2), within_s=DEADLINE_S)
    everything = waiting_calls(await stack.get("/metrics"))
    admin = stack.client("baton", scope=ADMIN)
    through_a_proxy = waiting_calls(await admin.get("/metrics", headers={"Via": "1.1 proxy"}))
    for one, run_id in started:
        await one.post(f"/runs/{run_id}:cancel")

    assert len(everything) == 2
    assert len(through_a_proxy) == 1
    assert client.tenant in through_a_proxy[0]


async def shows_waiting_calls(client: OrchestratorClient, count: int) -> bool:
    """Return whether health and metrics show so many of the client's tenant, and nothing else."""
    tenant, health = client.tenant, (await client.get("/admin/health")).body
    shown = waiting_calls(await client.get("/admin/metrics"))
    line = f'baton_executor_waiting_calls{{tenant="{tenant}"}} {count}.0'
    return bool(health["queueDepth"] == {tenant: count} and shown == [line])


async def shows_queue_depth(stack: Stack, count: int) -> bool:
    """Return whether executors announced so many waiting calls of the stack's tenant."""
    return bool((await stack.get("/functions")).body["queueDepth"] == count)


def waiting_calls(answer: Response) -> list[str]:
    return [line for line in answer.raw.decode().splitlines() if "waiting_calls{" in line]


@pytest.mark.operations("orchestrator", "warm", "getMetrics")
async def test_an_admin_warms_caches_and_reads_metrics(idle: Stack) -> None:
    client = orchestrator_client(idle)
    for number in range(3):
        await client.publish(dag(f"flow-{number}", "1", step("a")))

    warmed = await client.post("/admin/warm")
    metrics = await client.get("/admin/metrics")

    assert (warmed.status, warmed.body) == (200, {"warmed": 3})
    assert metrics.headers["Content-Type"].startswith("text/plain")
    assert b"baton_http_seconds" in metrics.raw
