"""The seed of Workflow Orchestration replayed: every request and response of its REST part."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from baton.command_api.dialect.contract import discover
from tests.dialects.workflow_orchestration import LOGIN, add_login
from tests.dialects.workflow_orchestration_client import WorkflowClient, workflow_client
from tests.scenarios.examples import assert_like
from tests.scenarios.stack import Stack
from tests.scenarios.workflow_orchestration_seed import operations, response, sent

NAME = "workflow-orchestration"
ILLUSTRATIVE = ("workflowDefinitionId", "workflowExecutionId")


@pytest.fixture
def client(stack: Stack) -> WorkflowClient:
    return workflow_client(stack)


def assert_answers(heading: str, answered: Any) -> None:
    """Assert that a response equals that of an operation of the page, but for ids and times."""
    assert_like(without_ids(response(heading)), without_ids(answered))


def without_ids(value: Any) -> Any:
    """Return a document with one text for every id that only illustrates."""
    if isinstance(value, list):
        return [without_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: "" if name in ILLUSTRATIVE else without_ids(one) for name, one in value.items()}


def normalized(operation: str) -> str:
    return re.sub(r"\{\w+\}", "{}", operation)


def test_the_dialect_has_the_operations_of_the_page() -> None:
    (dialect,) = (one for one in discover() if one.name == NAME)
    served = {normalized(f"{route.method} {route.path}") for route in dialect.routes}
    named = {normalized(one) for one in operations()} | {"POST /auth/login"}

    of_webhooks = {one for one in named | served if " /webhooks" in one}
    assert served - of_webhooks == named - of_webhooks


@pytest.mark.operations("workflow-orchestration", "login")
async def test_login(stack: Stack, client: WorkflowClient) -> None:
    await add_login(stack, username=f"ada of {stack.tenant}")
    sent = {**LOGIN, "username": f"ada of {stack.tenant}"}
    answer = await stack.post("/api/auth/login", sent, anonymous=True)

    assert answer.status == 200, answer.body
    assert {**answer.body, "token": ""} == {"token": "", "tokenType": "Bearer", "expiresIn": 3600}
    headers = {"Authorization": f"Bearer {answer.body['token']}"}
    made = await stack.post("/api/workflows", SAMPLE, headers=headers, anonymous=True)
    assert made.status == 201
    assert [one["id"] for one in (await client.get("/workflows")).body] == [made.body["id"]]


SAMPLE: Mapping[str, Any] = sent("Create a workflow definition")


@pytest.mark.operations(
    "workflow-orchestration",
    "createWorkflow",
    "getWorkflow",
    "getWorkflows",
    "updateWorkflow",
    "deleteWorkflow",
)
async def test_workflows(client: WorkflowClient) -> None:
    made = await client.post("/workflows", SAMPLE)
    path = f"/workflows/{made.body['id']}"
    shown = await client.get(path)
    listed = await client.get("/workflows?limit=10&offset=0")
    changed = await client.put(path, sent("Update a workflow definition"))
    deleted = await client.delete(path)

    answers = (made, shown, listed, changed, deleted)
    assert [one.status for one in answers] == [201, 200, 200, 200, 204]
    assert_answers("Create a workflow definition", made.body)
    assert_answers("Get a workflow definition by ID", shown.body)
    assert_answers("Update a workflow definition", changed.body)
    assert ids_of(changed.body) == ["task-1", "task-2", "task-3", "sync-1"]
    assert listed.body == [made.body]
    (example,) = response("Get all workflow definitions")
    assert_like(example, {**made.body, "tasks": [], "synchronizationPoints": []})
    assert (await client.get(path)).status == 404
    assert (await client.get("/workflows")).body == []


def ids_of(workflow: Any) -> list[str]:
    return [one["id"] for one in (*workflow["tasks"], *workflow["synchronizationPoints"])]


@pytest.mark.operations(
    "workflow-orchestration", "startExecution", "getExecution", "cancelExecution", "getTasks"
)
async def test_executions(client: WorkflowClient) -> None:
    workflow_id = (await client.create(*tasks("hold")))["id"]
    wanted = {**sent("Start a workflow execution"), "workflowDefinitionId": workflow_id}
    started = await client.post("/executions", wanted)
    path = f"/executions/{started.body['id']}"
    running = await client.wait_for(started.body["id"], task_1="COMPLETED", task_2="RUNNING")
    listed = await client.get(f"{path}/tasks")
    chosen = await client.get(f"{path}/tasks?status=RUNNING&limit=10&offset=0")
    cancelled = await client.post(f"{path}/cancel")

    assert [one.status for one in (started, listed, chosen, cancelled)] == [201, 200, 200, 200]
    assert_answers("Start a workflow execution", started.body)
    assert_answers("Get a workflow execution by ID", running)
    assert_answers("Get task executions for a workflow execution", listed.body)
    assert chosen.body == running["taskExecutions"][1:]
    assert_answers("Cancel a workflow execution", cancelled.body)
    assert (await client.get(path)).body == cancelled.body


def tasks(second: str) -> list[dict[str, Any]]:
    """Return the tasks of the page, the second one with a function that doesn't end at once."""
    return [SAMPLE["tasks"][0], {**SAMPLE["tasks"][1], "function": second}]


@pytest.mark.operations("workflow-orchestration", "retryTask")
async def test_a_retry(client: WorkflowClient) -> None:
    workflow = await client.create(*tasks("fail-then-hold"))
    failed = await client.to_end(workflow["id"])
    task_id = failed["taskExecutions"][1]["id"]
    retried = await client.post(f"/tasks/{task_id}/retry")

    assert retried.status == 200, retried.body
    assert_answers("Retry a failed task execution", retried.body)
    assert retried.body["id"] == task_id
    await client.post(f"/executions/{failed['id']}/cancel")


@pytest.mark.operations("workflow-orchestration", "getProgress")
async def test_progress(client: WorkflowClient) -> None:
    workflow = await client.create(*SAMPLE["tasks"])
    ended = await client.to_end(workflow["id"])
    report = await client.progress(ended["id"])

    example = response("Get progress report for a workflow execution")
    counts = {"completedTasks": 2, "totalTasks": 2, "milestones": []}
    assert_like(without_ids({**example, **counts}), without_ids({**report, "milestones": []}))
    assert_like(example["milestones"][0], report["milestones"][0])
    assert [one["name"] for one in report["milestones"]] == ["Initialization", "Completion"]
