"""Clients that openapi-python-client generates from each OpenAPI document drive a real server.

Nothing of a document may be left out of its client: the generator warns of what it can't read.
"""

import sys
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import Any

import pytest
import pytest_asyncio

from baton.command_api.principal import ADMIN
from tests.dialects.centrali_documents import compute, orchestration
from tests.dialects.orchestrator_client import dag, step
from tests.kit.generated_client import GeneratedClient, GeneratedCode, generate_client, module_of
from tests.kit.stack import token
from tests.scenarios.route_cases import DIALECTS
from tests.scenarios.stack import Stack, running_stack

FETCHED = {"Prefer": "wait=10"}
"""Headers of every request: a run is shown once it has ended."""
BY_NAME = {dialect.name: dialect for dialect in DIALECTS}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Yield a function that generates the client of a dialect once."""
    folder = tmp_path_factory.mktemp("generated")
    sys.path.insert(0, str(folder))
    yield cache(lambda name: generate_client(BY_NAME[name], folder))
    sys.path.remove(str(folder))


@pytest_asyncio.fixture(loop_scope="module")
async def client(
    request: pytest.FixtureRequest, generated: Any, served: Stack
) -> AsyncIterator[GeneratedClient]:
    name = str(request.param)
    code: GeneratedCode = generated(name)
    plain = served.client(name, scope=ADMIN)
    headers = {one: value for one, value in plain.headers.items() if one != "Authorization"}
    connection = sys.modules[code.package].AuthenticatedClient(
        base_url=served.url + plain.base,
        token=token(scope=ADMIN),
        headers={**headers, **FETCHED},
        raise_on_unexpected_status=True,
    )
    async with connection:
        yield GeneratedClient(code, BY_NAME[name], connection)


def of(*names: str) -> Any:
    return pytest.mark.parametrize("client", names, indirect=True)


@pytest.mark.parametrize("name", BY_NAME)
def test_every_operation_is_in_the_client_and_nothing_is_left_out(
    generated: Any, name: str
) -> None:
    code: GeneratedCode = generated(name)

    assert code.warnings == []
    assert sorted(code.operations) == sorted(map(module_of, BY_NAME[name].routes))


@of("centrali-openapi", "centrali-reference")
async def test_a_client_of_centrali(client: GeneratedClient) -> None:
    slug = f"{client.dialect.name}-orders"
    (start,) = (one for one in client.dialect.routes if one.summary.lower() == "trigger run")
    runs = "GET /orchestrations/{orchestrationId}/runs"
    made = await client.call(
        "POST /orchestrations", body=orchestration(slug, compute(function="what-i-got"))
    )
    started = await client.call(f"POST {start.path}", made.parsed.id, body={"input": {"n": 1}})
    run = await client.call(f"{runs}/{{runId}}", made.parsed.id, started.parsed.id)
    listed = await client.call(runs, made.parsed.id)
    refused = await client.call("POST /orchestrations", body=orchestration(slug))

    assert (made.status_code, started.status_code) == (201, 201)
    assert (made.parsed.slug, run.parsed.status) == (slug, "completed")
    assert run.parsed.input_["n"] == 1
    assert [one.id for one in listed.parsed.data] == [started.parsed.id]
    assert (refused.status_code, refused.parsed.error) == (409, "conflict")


@of("orchestration-system")
async def test_a_client_of_the_orchestration_system(client: GeneratedClient) -> None:
    tasks = [
        {"name": "extract", "type": "what-i-got", "config": {"limit": 2}},
        {"name": "load", "type": "answer", "dependsOn": ["extract"]},
    ]
    made = await client.call(
        "POST /workflows", body={"name": "Nightly", "tasks": tasks}, idempotency_key="nightly"
    )
    ident = made.parsed.id
    started = await client.call(
        "POST /workflows/{workflowId}/execute", ident, body={"parameters": {"n": 1}}
    )
    ended = await client.call("GET /executions/{executionId}", started.parsed.execution_id)
    listed = await client.call("GET /executions", workflow_id=ident)
    refused = await client.call("POST /workflows", body={"name": "Nightly", "tasks": []})
    schedule = {"workflowId": ident, "cronExpression": "0 9 * * *"}
    scheduled = await client.call("POST /schedules", body=schedule)
    deleted = await client.call("DELETE /workflows/{workflowId}", ident)

    assert ended.parsed.status == "completed"
    assert [one.status for one in ended.parsed.tasks] == ["completed", "completed"]
    assert ended.parsed.tasks[0].result["config"] == {"limit": 2}
    assert [one.id for one in listed.parsed.executions] == [ended.parsed.id]
    assert (refused.status_code, refused.parsed.error) == (400, "validation_error")
    assert [one.field for one in refused.parsed.details] == ["tasks"]
    assert scheduled.parsed.next_run_at.endswith(":00:00.000Z")
    assert deleted.parsed.success is True


@of("orchestrator")
async def test_a_client_of_the_orchestrator(client: GeneratedClient) -> None:
    echo = step("echo", "what-i-got", with_={"deep": [1]}, retry={"maxAttempts": 2})
    wanted = dag("nightly", "1.0", echo, step("last"), edges="echo>last", metadata={"team": "a"})
    made = await client.call("POST /dags", body=wanted, idempotency_key="publish")
    body = {"dagId": "nightly", "inputs": {"text": "x" * 70_000}, "runToken": "one"}
    started = await client.call("POST /runs", body=body)
    run_id = started.parsed.run_id
    run = await client.call("GET /runs/{runId}", run_id)
    listed = await client.call("GET /runs", dag_id="nightly", page_size=1)
    shown = await client.call("GET /runs/{runId}/steps/{stepId}", run_id, "echo")
    stored = await client.call("GET /artifacts/{hash}", shown.parsed.outputs_hash)
    cancelled = await client.call("POST /runs/{runId}:cancel", run_id, idempotency_key="cancel")
    refused = await client.call("GET /dags/{dagId}/{version}", "nightly", "2.0")

    assert (made.status_code, made.parsed.to_dict()["edges"]) == (201, wanted["edges"])
    assert made.parsed.steps[0].with_["deep"] == [1]
    assert (run.parsed.status, run.parsed.trace_id) == ("succeeded", started.parsed.trace_id)
    assert [one.run_id for one in listed.parsed.items] == [run_id]
    assert [one.status for one in shown.parsed.attempts] == ["succeeded"]
    assert stored.parsed["config"] == {"deep": [1]}
    assert (cancelled.status_code, cancelled.parsed.status) == (202, "succeeded")
    assert (refused.status_code, refused.parsed.code) == (404, "not_found")
    assert len(refused.parsed.trace_id) == 32


@of("workflow-orchestration")
async def test_a_client_of_workflow_orchestration(client: GeneratedClient) -> None:
    first = {"name": "First", "function": "what-i-got"}
    last = {"name": "Last", "function": "answer", "dependencies": ["First"]}
    sync = {"name": "Both", "requiredTasks": ["task-1", "task-2"]}
    wanted = {"name": "Nightly", "tasks": [first, last], "synchronizationPoints": [sync]}
    made = await client.call("POST /workflows", body=wanted)
    ident = made.parsed.id
    body = {"workflowDefinitionId": ident, "initialContext": {"n": 1}}
    started = await client.call("POST /executions", body=body)
    run = await client.call("GET /executions/{executionId}", started.parsed.id)
    tasks = await client.call("GET /executions/{executionId}/tasks", started.parsed.id)
    listed = await client.call("GET /workflows")
    refused = await client.call("POST /workflows", body={**wanted, "tasks": []})

    assert (made.status_code, made.parsed.version) == (201, "1.0.0")
    assert run.parsed.status == "COMPLETED"
    assert {one.status for one in tasks.parsed} == {"COMPLETED"}
    assert ident in {one.id for one in listed.parsed}
    assert (refused.status_code, refused.parsed.code) == (400, "validation_error")


@of("baton")
async def test_a_client_of_batons_own_api(client: GeneratedClient) -> None:
    steps = [
        {"id": "first", "function": "what-i-got", "config": {"limit": 2}},
        {"id": "last", "function": "answer", "retry": {"attempts": 2, "backoff": "10ms"}},
    ]
    document = {"format": 1, "slug": "own", "name": "Own", "trigger": {"manual": True}}
    made = await client.call("POST /definitions", body={**document, "steps": steps})
    body = {"definition": "own", "input": {"n": 1}}
    started = await client.call("POST /runs", body=body, idempotency_key="once")
    again = await client.call("POST /runs", body=body, idempotency_key="once")
    run = await client.call("GET /runs/{runId}", started.parsed.id)
    listed = await client.call("GET /runs", definition="own")
    index = await client.call("GET /openapi")
    refused = await client.call("POST /runs/{runId}/retry", started.parsed.id)

    assert (made.status_code, started.parsed.id) == (201, again.parsed.id)
    assert (run.parsed.status, run.parsed.slug) == ("completed", "own")
    assert [one.status for one in run.parsed.steps] == ["succeeded", "succeeded"]
    assert [one.id for one in listed.parsed.runs] == [run.parsed.id]
    assert {one.name for one in index.parsed.apis} == set(BY_NAME)
    assert (refused.status_code, refused.parsed.error) == (409, "conflict")
