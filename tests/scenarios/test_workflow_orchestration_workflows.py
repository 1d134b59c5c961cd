"""Workflows of Workflow Orchestration: ids, names, settings, versions, and refusals."""

from typing import Any

import pytest

from tests.dialects.workflow_orchestration_client import WorkflowClient, task, workflow_client
from tests.scenarios.stack import Stack


@pytest.fixture
def client(idle: Stack) -> WorkflowClient:
    return workflow_client(idle)


def member_of(workflow: Any, member: str) -> dict[str, Any]:
    return {one["id"]: one[member] for one in workflow["tasks"]}


async def test_dependencies_name_tasks_and_points_by_id_or_name(client: WorkflowClient) -> None:
    made = await client.create(
        task("First"),
        task("Second", "answer", "First"),
        task("Third", "answer", "task-1", "Half way"),
        synchronizationPoints=[{"name": "Half way", "requiredTasks": ["Second", "task-1"]}],
    )

    assert member_of(made, "dependencies") == {
        "task-1": [],
        "task-2": ["task-1"],
        "task-3": ["task-1", "sync-1"],
    }
    assert made["synchronizationPoints"][0]["requiredTasks"] == ["task-2", "task-1"]


async def test_ids_are_given_or_made_by_position(client: WorkflowClient) -> None:
    made = await client.create(
        task("A"), task("B", id="task-1"), task("C", id="own"), task("D"), task("D")
    )

    assert list(member_of(made, "name").items()) == [
        ("task-2", "A"),
        ("task-1", "B"),
        ("own", "C"),
        ("task-4", "D"),
        ("task-5", "D"),
    ]


async def test_every_setting_of_a_task_is_shown_back(client: WorkflowClient) -> None:
    settings = {
        "description": "Loads",
        "resourceRequirements": {"cpu": 2},
        "timeout": 1_500,
        "retryPolicy": {"maxAttempts": 3, "backoffMs": 10, "backoffMultiplier": 1.5},
        "config": {"table": "orders"},
    }
    made = await client.create(task("Load", "load-data", **settings))
    plain = await client.create({"name": "Plain"})

    assert made["tasks"] == [
        {"id": "task-1", "name": "Load", "function": "load-data", "dependencies": [], **settings}
    ]
    assert plain["tasks"] == [
        {
            "id": "task-1",
            "name": "Plain",
            "description": None,
            "resourceRequirements": None,
            "dependencies": [],
            "timeout": None,
            "retryPolicy": None,
        }
    ]


async def test_each_change_is_a_patch_and_no_change_is_none(client: WorkflowClient) -> None:
    made = await client.create(task("First"), task("Second"))
    path = f"/workflows/{made['id']}"

    same = await client.put(path, made)
    named = await client.put(path, {"name": "Other"})
    moved = await client.put(path, {"tasks": [task("Second"), task("First"), task("Third")]})
    pointed = await client.put(
        path, {"synchronizationPoints": [{"name": "End", "requiredTasks": ["Third"]}]}
    )

    assert "Warning" not in same.headers
    assert same.body == made
    assert [one.body["version"] for one in (named, moved, pointed)] == ["1.0.1", "1.0.2", "1.0.3"]
    assert named.body["tasks"] == made["tasks"]
    assert member_of(moved.body, "name") == {
        "task-2": "Second",
        "task-1": "First",
        "task-3": "Third",
    }
    assert pointed.body["tasks"] == moved.body["tasks"]


REFUSED: list[tuple[Any, str]] = [
    ({"tasks": []}, "tasks"),
    ({"tasks": [{}]}, "tasks[0].name"),
    ({"tasks": [task(" ")]}, "tasks[0].name"),
    ({"tasks": [task("a", "f", "b")]}, "tasks[0].dependencies[0]"),
    ({"tasks": [task("a", "f", "task-1")]}, "tasks[0].dependencies[0]"),
    ({"tasks": [task("a"), task("a"), task("b", "f", "a")]}, "tasks[2].dependencies[0]"),
    ({"tasks": [task("a"), task("b", "f", "a", "task-1")]}, "tasks[1].dependencies[1]"),
    ({"tasks": [task("a", "f", "b"), task("b", "f", "a")]}, "tasks[0].dependencies"),
    ({"tasks": [task("a", id="x"), task("b", id="x")]}, "tasks[1].id"),
    ({"tasks": [task("a", id="no id")]}, "tasks[0].id"),
    ({"tasks": [task("a", timeout=0)]}, "tasks[0].timeout"),
    ({"tasks": [task("a", timeout="1s")]}, "tasks[0].timeout"),
    (
        {"tasks": [task("a", retryPolicy={"maxAttempts": 0, "backoffMs": 1})]},
        "tasks[0].retryPolicy.maxAttempts",
    ),
    ({"tasks": [task("a", "")]}, "tasks[0].function"),
    ({"name": "", "tasks": [task("a")]}, "name"),
    (
        {
            "tasks": [task("a")],
            "synchronizationPoints": [{"name": "s", "requiredTasks": ["z"]}],
        },
        "synchronizationPoints[0].requiredTasks[0]",
    ),
    (
        {
            "tasks": [task("a")],
            "synchronizationPoints": [{"name": "s", "requiredTasks": ["a"], "timeout": -1}],
        },
        "synchronizationPoints[0].timeout",
    ),
]


@pytest.mark.parametrize(("body", "field"), REFUSED, ids=str)
async def test_a_fault_is_named_at_its_place(client: WorkflowClient, body: Any, field: str) -> None:
    before = await client.stack.stored()
    answer = await client.post("/workflows", {"name": "X", **body})

    assert (answer.status, answer.body["code"]) == (400, "validation_error")
    assert field in [one["field"] for one in answer.body["errors"]]
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert await client.stack.stored() == before


async def test_tasks_of_a_workflow_with_a_decision_cannot_be_replaced(
    client: WorkflowClient,
) -> None:
    centrali = client.stack.client("centrali-openapi")
    decision = {
        "id": "check",
        "type": "decision",
        "cases": [
            {"conditions": [{"path": "input.n", "op": "exists"}], "nextStepId": "work"},
        ],
        "defaultNextStepId": "work",
    }
    work = {"id": "work", "type": "compute", "functionId": "answer"}
    made = await centrali.post(
        "/orchestrations",
        {
            "slug": "made-there",
            "name": "Made there",
            "trigger": {"type": "on-demand"},
            "steps": [decision, work],
        },
    )
    assert made.status == 201, made.body
    path = f"/workflows/{made.body['id']}"
    shown = (await client.get(path)).body
    same = await client.put(path, {**shown, "name": "Renamed"})
    other = await client.put(path, {"tasks": [task("new")]})

    assert member_of(shown, "dependencies") == {"check": [], "work": ["check"]}
    assert (same.status, same.body["name"]) == (200, "Renamed")
    assert (other.status, other.body["code"]) == (409, "conflict")


async def test_versions_of_the_api(client: WorkflowClient) -> None:
    made = await client.create()
    stack, headers = client.stack, client.headers
    vendor = "application/vnd.workflow-orchestration.{}+json"

    async def get(path: str, accept: str = "*/*") -> Any:
        sent = {**headers, "Accept": accept}
        return await stack.get(path, headers=sent, anonymous=True)

    first = await get("/api/v1/workflows")
    second = await get("/api/v2/workflows?limit=5")
    named = await get("/api/workflows", vendor.format("v2"))
    assert first.body == [made]
    assert second.body == {"items": [made], "total": 1, "limit": 5, "offset": 0}
    assert (named.body["total"], named.headers["Content-Type"]) == (1, vendor.format("v2"))
    assert (await get("/api/v2/workflows", vendor.format("v1"))).status == 406
    refused = await get("/api/workflows", vendor.format("v9"))
    assert (refused.status, refused.body["code"]) == (406, "not_acceptable")
    assert (await get("/api/workflows", f"{vendor.format('v9')}, */*")).body == [made]
    assert (await get("/api/v3/workflows")).status == 404
    assert (await get("/api/v3/workflows")).body["code"] == "not_found"


async def test_an_unknown_version_changes_nothing(client: WorkflowClient) -> None:
    before = await client.stack.stored()
    accept = {"Accept": "application/vnd.workflow-orchestration.v9+json"}
    sent = {"name": "X", "tasks": [task("a")]}

    assert (await client.post("/workflows", sent, headers=accept)).status == 406
    assert await client.stack.stored() == before
