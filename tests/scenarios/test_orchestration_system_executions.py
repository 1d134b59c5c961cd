"""Executions of the Orchestration System: results of tasks, failures, lists, foreign runs."""

import pytest

from baton.command_api.commands import cancel_run, retry_run
from baton.command_api.principal import Principal
from tests.dialects.centrali_client import centrali_client
from tests.dialects.centrali_documents import compute, delay, orchestration
from tests.dialects.orchestration_system_client import (
    OrchestrationClient,
    orchestration_client,
    task,
    tasks_of,
)
from tests.kit.stack import bearer
from tests.scenarios.stack import Stack
from tests.scenarios.tale import wait_for_step

ADA = Principal(subject="ada", tenant="acme")


@pytest.fixture
def client(memory: Stack) -> OrchestrationClient:
    return orchestration_client(memory)


async def test_a_task_gets_parameters_results_and_its_config(client: OrchestrationClient) -> None:
    ident = await client.create(
        task("first"), task("second", "what-i-got", "first", config={"strict": True})
    )

    ended = await client.to_end(ident, day="monday")

    assert ended["tasks"][1]["result"] == {
        "input": {"day": "monday"},
        "context": {},
        "steps": {"first": {"output": 42}},
        "config": {"strict": True},
    }
    assert tasks_of(ended, "attempts") == {"first": 1, "second": 1}
    assert ended["startedAt"] <= ended["tasks"][0]["startedAt"] <= ended["completedAt"]
    assert tasks_of(await client.workflow(ident), "status") == {
        "first": "completed",
        "second": "completed",
    }


@pytest.mark.parametrize("parameters", [[], "x", 1, {"a": {"$": None}}])
async def test_parameters_are_an_object(client: OrchestrationClient, parameters: object) -> None:
    path = f"/workflows/{await client.create()}/execute"
    answer = await client.post(path, {"parameters": parameters})
    strict = await client.post(path, {"input": {}}, headers={"Prefer": "handling=strict"})

    assert answer.status == (201 if isinstance(parameters, dict) else 400)
    assert (strict.status, strict.body["details"][0]["field"]) == (400, "input")


async def test_tasks_that_do_not_depend_on_a_failed_task_finish(
    client: OrchestrationClient,
) -> None:
    ident = await client.create(
        task("bad", "refuse"),
        task("after bad", "answer", "bad"),
        task("slow", "moment"),
        task("after-slow", "answer", "slow"),
        task("both", "answer", "after-slow", "after bad"),
    )

    ended = await client.to_end(ident)

    assert ended["status"] == "failed"
    assert tasks_of(ended, "status") == {
        "bad": "failed",
        "task-2": "pending",
        "slow": "completed",
        "after-slow": "completed",
        "both": "pending",
    }
    assert ended["tasks"][0]["result"] == {"error": {"code": "NO_USE", "message": "no use"}}
    assert ended["tasks"][1] == {
        "id": "task-2",
        "name": "after bad",
        "status": "pending",
        "attempts": 0,
    }


async def test_a_cancelled_execution_cancels_its_running_tasks(client: OrchestrationClient) -> None:
    ident = await client.create(task("held", "hold"), task("next", "answer", "held"))
    execution_id = await client.execute(ident)
    await wait_for_step(client.stack, execution_id, "held")
    running = await client.wait_for(execution_id, "running")
    await cancel_run(client.stack.services, ADA, execution_id, at=client.stack.services.clock.now())

    ended = await client.wait_for(execution_id)

    assert tasks_of(running, "status") == {"held": "running", "next": "pending"}
    assert "completedAt" not in running
    assert ended["status"] == "cancelled"
    assert tasks_of(ended, "status") == {"held": "failed", "next": "pending"}
    assert ended["tasks"][0]["result"]["error"]["code"] == "CANCELLED"
    assert tasks_of(await client.workflow(ident), "status")["held"] == "failed"


async def test_a_retried_task_counts_its_attempts(client: OrchestrationClient) -> None:
    execution_id = await client.execute(await client.create(task("only", "flaky")))
    failed = await client.wait_for(execution_id, "failed")
    await retry_run(client.stack.services, ADA, execution_id, at=client.stack.services.clock.now())
    ended = await client.wait_for(execution_id, "completed")

    assert failed["tasks"][0]["attempts"] == 1
    assert ended["tasks"][0]["attempts"] == 2
    assert ended["tasks"][0]["result"] == {"attempt": 2}
    assert ended["tasks"][0]["startedAt"] == failed["tasks"][0]["startedAt"]


async def test_lists_are_filtered_by_workflow_and_status(client: OrchestrationClient) -> None:
    good, bad = await client.create(), await client.create(task("only", "refuse"))
    ended = [await client.to_end(ident) for ident in (good, bad, good)]
    first, failed, second = (one["id"] for one in ended)

    async def listed(query: str) -> tuple[list[str], int]:
        body = (await client.get(f"/executions?{query}")).body
        return [one["id"] for one in body["executions"]], body["total"]

    assert await listed("") == ([second, failed, first], 3)
    assert await listed(f"workflowId={good}") == ([second, first], 2)
    assert await listed("status=failed") == ([failed], 1)
    assert await listed("status=running") == ([], 0)
    assert await listed(f"workflowId={good}&limit=1&offset=1") == ([first], 2)
    assert await listed("workflowId=nothing") == ([], 0)


async def test_executions_of_other_dialects_are_shown(client: OrchestrationClient) -> None:
    centrali = centrali_client(client.stack, "centrali-openapi")
    choose = {
        "id": "choose",
        "type": "decision",
        "cases": [],
        "defaultNextStepId": "wait",
    }
    steps = [compute("a", "answer", nextStepId="choose"), choose, delay("wait"), compute("z")]
    made = await centrali.create(orchestration("mixed", *steps))
    run = await centrali.start(made["id"])
    await centrali.wait_for(made["id"], run["id"], "waiting")

    waiting = await client.wait_for(run["id"], "running")
    listed = (await client.get("/executions?status=running")).body["executions"]
    await client.stack.fire(run["id"], "wait")
    ended = await client.wait_for(run["id"])

    assert [one["id"] for one in listed] == [run["id"]]
    assert tasks_of(waiting, "status") == {
        "a": "completed",
        "choose": "completed",
        "wait": "running",
        "z": "pending",
    }
    assert ended["status"] == "completed"
    assert tasks_of(ended, "result") == {
        "a": {"value": 42},
        "choose": {"next": "wait"},
        "wait": None,
        "z": None,
    }


async def test_an_execution_shows_the_tasks_of_its_own_version(client: OrchestrationClient) -> None:
    ident = await client.create(task("old"))
    before = await client.to_end(ident)
    await client.put(f"/workflows/{ident}", {"tasks": [task("new"), task("newer")]})
    await client.delete(f"/workflows/{ident}")

    again = (await client.get(f"/executions/{before['id']}")).body

    assert again == before
    assert tasks_of(again, "name") == {"old": "old"}


async def test_a_large_result_is_shown_in_full(client: OrchestrationClient) -> None:
    ended = await client.to_end(await client.create(task("echo", "what-i-got")), text="x" * 200_000)

    assert len(ended["tasks"][0]["result"]["input"]["text"]) == 200_000


async def test_a_token_of_several_tenants_names_one(memory: Stack) -> None:
    client = orchestration_client(memory)
    client.headers |= bearer(tenant=["acme", "globex"])
    ident = await client.create()

    unnamed = await client.get("/workflows", headers={"X-Tenant": ""})
    other = await client.get("/workflows", headers={"X-Tenant": "globex"})
    stranger = await client.get("/workflows", headers={"X-Tenant": "umbrella"})

    assert (await client.workflow(ident))["id"] == ident
    assert (unnamed.status, stranger.status) == (400, 403)
    assert (other.status, other.body["total"]) == (200, 0)
