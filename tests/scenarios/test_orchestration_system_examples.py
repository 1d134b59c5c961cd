"""The seed of the Orchestration System replayed: its example, and the shape of every response."""

from typing import Any

import pytest

from baton.command_api.dialect.contract import discover
from tests.dialects.orchestration_system_client import (
    OrchestrationClient,
    orchestration_client,
    tasks_of,
)
from tests.scenarios.orchestration_system_seed import assert_shape, example, operations, shape
from tests.scenarios.stack import Stack


@pytest.fixture
def client(stack: Stack) -> OrchestrationClient:
    return orchestration_client(stack)


def paged(member: str, described: Any) -> Any:
    """Return the shape of a list that the page leaves open."""
    numbers = dict.fromkeys(("total", "limit", "offset"), "number")
    return {member: [described], **numbers}


def test_the_dialect_has_the_operations_of_the_page_and_no_others() -> None:
    (dialect,) = (one for one in discover() if one.name == "orchestration-system")

    assert [f"{route.method} {route.path}" for route in dialect.routes] == operations()


@pytest.mark.operations(
    "orchestration-system",
    "createWorkflow",
    "getWorkflow",
    "listWorkflows",
    "updateWorkflow",
    "deleteWorkflow",
)
async def test_workflows(client: OrchestrationClient) -> None:
    made = await client.post("/workflows", example())
    path = f"/workflows/{made.body['id']}"
    shown = await client.get(path)
    listed = await client.get("/workflows?status=active&limit=50&offset=0")
    changed = await client.put(path, {"description": "Nightly", "tasks": example()["tasks"][:2]})
    deleted = await client.delete(path)

    answers = (made, shown, listed, changed, deleted)
    assert [one.status for one in answers] == [201, 200, 200, 200, 200]
    assert_shape(shape("Create Workflow"), made.body)
    assert_shape(shape("Get Workflow"), shown.body)
    assert_shape(shape("List Workflows"), listed.body)
    assert_shape(shape("Get Workflow"), changed.body)
    assert deleted.body == shape("Delete Workflow")
    assert made.body["name"] == "Data Processing Pipeline"
    assert tasks_of(shown.body, "type") == {
        "extract": "data-extraction",
        "transform": "data-transformation",
        "load": "data-loading",
    }
    assert tasks_of(shown.body, "dependsOn")["load"] == ["transform"]
    assert listed.body["total"] == 1
    assert (await client.get(path)).status == 404


@pytest.mark.operations("orchestration-system", "executeWorkflow", "getExecution", "listExecutions")
async def test_executions(client: OrchestrationClient) -> None:
    # The functions of the example's types are unknown here, so the test gives tasks others.
    tasks = [{**task, "type": "answer"} for task in example()["tasks"]]
    workflow_id = await client.create(*tasks)
    started = await client.post(f"/workflows/{workflow_id}/execute", {"parameters": {"n": 1}})
    ended = await client.wait_for(started.body["executionId"])
    listed = await client.get(f"/executions?workflowId={workflow_id}&status=completed")

    described = shape("Get Execution")
    assert (started.status, listed.status) == (201, 200)
    assert_shape(shape("Execute Workflow"), started.body)
    assert_shape(described, ended, more=("attempts",))
    in_list = {name: described[name] for name in described if name != "tasks"}
    assert_shape(paged("executions", in_list), listed.body)
    assert ended["status"] == "completed"
    assert tasks_of(ended, "result") == {
        name: {"value": 42} for name in ("extract", "transform", "load")
    }


async def test_the_example_fails_where_no_function_has_the_name_of_a_type(
    client: OrchestrationClient,
) -> None:
    made = await client.post("/workflows", example())
    ended = await client.to_end(made.body["id"])

    assert ended["status"] == "failed"
    assert tasks_of(ended, "status") == {
        "extract": "failed",
        "transform": "pending",
        "load": "pending",
    }
    assert_shape(shape("Get Execution"), ended, more=("attempts",))


@pytest.mark.operations(
    "orchestration-system", "createSchedule", "getSchedule", "listSchedules", "deleteSchedule"
)
async def test_schedules(client: OrchestrationClient) -> None:
    workflow_id = await client.create()
    wanted = {"workflowId": workflow_id, "cronExpression": "0 9 * * *", "parameters": {"a": 1}}
    made = await client.post("/schedules", wanted)
    path = f"/schedules/{made.body['id']}"
    shown = await client.get(path)
    listed = await client.get("/schedules")
    deleted = await client.delete(path)

    described = shape("Create Schedule")
    assert [one.status for one in (made, shown, listed, deleted)] == [201, 200, 200, 200]
    assert_shape(described, made.body)
    assert (made.body["timezone"], shown.body) == ("UTC", made.body)
    assert_shape(paged("schedules", described), listed.body)
    assert listed.body["schedules"] == [made.body]
    assert deleted.body == {"success": True}
    assert (await client.get(path)).status == 404
