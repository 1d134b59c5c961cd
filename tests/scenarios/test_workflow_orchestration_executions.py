"""Executions of Workflow Orchestration: context, functions, timeouts, retries, progress."""

import json
from typing import Any

import pytest

from baton.projector.views.timers.queries import TimerQueries
from tests.dialects.centrali_client import centrali_client
from tests.dialects.centrali_documents import compute, delay, orchestration
from tests.dialects.workflow_orchestration_client import (
    WorkflowClient,
    statuses_of,
    task,
    workflow_client,
)
from tests.scenarios.stack import Stack

HOUR = 3_600_000


@pytest.fixture
def client(memory: Stack) -> WorkflowClient:
    return workflow_client(memory)


def data_of(execution: Any) -> Any:
    return json.loads(execution["context"]["data"])


async def test_the_context_grows_with_each_finished_task(client: WorkflowClient) -> None:
    workflow = await client.create(
        task("Remember", "remember"), task("Look", "what-i-got", "Remember")
    )
    ended = await client.to_end(workflow["id"], '{"n": 1}')

    data = data_of(ended)
    look = data.pop("task-2-result")
    assert data == {"n": 1, "noted": True, "task-1-result": "noted"}
    assert (look["input"], look["context"]) == ({"n": 1}, {"n": 1, "noted": True})
    assert ended["context"]["version"] == 3
    assert ended["context"]["updatedAt"] == ended["taskExecutions"][1]["endTime"]


async def test_a_task_runs_the_function_of_its_id_or_name_or_else_nothing(
    client: WorkflowClient,
) -> None:
    workflow = await client.create(
        {"name": "Any", "id": "answer"}, {"name": "remember"}, {"name": "Unknown"}
    )
    ended = await client.to_end(workflow["id"])

    assert {name: one for name, one in data_of(ended).items() if name.endswith("-result")} == {
        "answer-result": 42,
        "task-2-result": "noted",
        "task-3-result": "success",
    }
    steps = (await client.stack.client("baton").get(f"/runs/{ended['id']}")).body["steps"]
    warnings = {one["stepId"]: one.get("warning") for one in steps}
    assert warnings == {
        "answer": None,
        "task-2": None,
        "task-3": "There is no function 'task-3' or 'Unknown': noop was called",
    }


async def test_a_function_that_is_named_must_exist(client: WorkflowClient) -> None:
    workflow = await client.create(
        task("Missing", "no-such-function"), task("After", "answer", "Missing")
    )
    ended = await client.to_end(workflow["id"])

    assert ended["status"] == "FAILED"
    assert statuses_of(ended) == {"task-1": "FAILED", "task-2": "CANCELLED"}
    assert ended["taskExecutions"][0]["error"].startswith("FUNCTION_NOT_FOUND: ")


async def test_a_point_that_is_late_fails_the_execution(client: WorkflowClient) -> None:
    workflow = await client.create(
        task("Fast"),
        task("Slow", "hold"),
        synchronizationPoints=[{"name": "Both", "requiredTasks": ["Fast", "Slow"], "timeout": 100}],
    )
    ended = await client.to_end(workflow["id"])
    report = await client.progress(ended["id"])

    assert ended["status"] == "FAILED"
    assert statuses_of(ended) == {"task-1": "COMPLETED", "task-2": "CANCELLED"}
    (blocker,) = report["blockers"]
    assert blocker["description"] == (
        "Synchronization point 'Both' failed: TIMEOUT: The point wasn't reached within 100 ms;"
        " missing: task-2"
    )
    assert [one["achieved"] for one in report["milestones"]] == [True, False, False]


async def test_a_point_that_is_reached_in_time_is_a_milestone(client: WorkflowClient) -> None:
    point = {"name": "Done", "description": "All", "requiredTasks": ["Only"], "timeout": HOUR}
    workflow = await client.create(task("Only"), synchronizationPoints=[point])
    ended = await client.to_end(workflow["id"])
    report = await client.progress(ended["id"])

    assert ended["status"] == "COMPLETED"
    assert [(one["name"], one["achieved"]) for one in report["milestones"]] == [
        ("Initialization", True),
        ("Done", True),
        ("Completion", True),
    ]
    assert report["estimatedCompletion"] == ended["endTime"]
    timers = TimerQueries(client.stack.stores.views)
    assert await timers.due(client.stack.services.clock.now() + 2 * HOUR, limit=10) == []


async def test_blockers_are_the_failed_and_the_waiting_tasks(client: WorkflowClient) -> None:
    policy = {"maxAttempts": 2, "backoffMs": HOUR}
    workflow = await client.create(
        task("Broken", "refuse"),
        task("Behind", "answer", "Broken"),
        task("Later", "break", retryPolicy=policy),
        task("Held", "hold"),
    )
    execution_id = await client.start(workflow["id"])
    await client.wait_for(execution_id, task_1="FAILED", task_3="WAITING", task_4="RUNNING")
    report = await client.progress(execution_id)
    waiting = (await client.get(f"/executions/{execution_id}/tasks?status=WAITING")).body

    assert [one["taskDefinitionId"] for one in waiting] == ["task-3"]
    assert (report["completedTasks"], report["totalTasks"]) == (0, 4)
    said = {one["taskExecutionId"]: one["description"] for one in report["blockers"]}
    assert said.pop(f"{execution_id}.task-3").startswith("Task 'Later' waits until ")
    assert said == {
        f"{execution_id}.task-1": "Task 'Broken' failed: NO_USE: no use",
        f"{execution_id}.task-2": "Task 'Behind' waits for 'Broken', which failed",
    }
    await client.post(f"/executions/{execution_id}/cancel")


async def test_the_end_is_estimated_from_earlier_executions(client: WorkflowClient) -> None:
    workflow = await client.create(task("First", "moment"), task("Last", "moment", "First"))
    path = f"/workflows/{workflow['id']}"
    first = await client.start(workflow["id"])
    assert (await client.progress(first))["estimatedCompletion"] is None
    await client.wait_for(first)
    await client.put(path, {"tasks": [task("First", "hold"), task("Last", "moment", "First")]})

    second = await client.start(workflow["id"])
    running = await client.wait_for(second, task_1="RUNNING")
    report = await client.progress(second)

    assert report["estimatedCompletion"] > running["startTime"]
    await client.post(f"/executions/{second}/cancel")
    assert (await client.progress(second))["estimatedCompletion"] is None


async def test_an_end_after_the_last_year_is_not_estimated(client: WorkflowClient) -> None:
    ten_years = 10 * 365 * 24 * HOUR
    openapi = centrali_client(client.stack, "centrali-openapi")
    short = {"path": "input.short", "op": "exists"}
    choice = {
        "id": "choose",
        "type": "decision",
        "cases": [{"conditions": [short], "nextStepId": "last"}],
        "defaultNextStepId": "wait-0",
    }
    waits = [
        {**delay(f"wait-{n}", ten_years), "nextStepId": "last" if n == 899 else f"wait-{n + 1}"}
        for n in range(900)
    ]
    made = await openapi.create(orchestration("years", choice, *waits, compute("last")))
    await openapi.run_to_end(made["id"], {"input": {"short": True}})
    run = await openapi.start(made["id"])
    await openapi.wait_for(made["id"], run["id"], "waiting")

    report = await client.progress(run["id"])

    assert report["estimatedCompletion"] is None
    assert report["blockers"][0]["taskExecutionId"] == f"{run['id']}.wait-0"


async def test_a_failed_task_is_retried_by_its_id(client: WorkflowClient) -> None:
    workflow = await client.create(task("Flaky", "flaky"), task("After", "answer", "Flaky"))
    failed = await client.to_end(workflow["id"])
    retried = await client.post(f"/tasks/{failed['taskExecutions'][0]['id']}/retry")
    ended = await client.wait_for(failed["id"])
    again = await client.post(f"/tasks/{failed['taskExecutions'][0]['id']}/retry")

    assert (retried.body["status"], retried.body["attempts"]) in [("RUNNING", 2), ("COMPLETED", 2)]
    assert ended["status"] == "COMPLETED"
    assert [one["attempts"] for one in ended["taskExecutions"]] == [2, 1]
    assert (again.status, again.body["code"]) == (409, "conflict")


@pytest.mark.parametrize("text", ["[1]", "{", "1", '{"a": NaN}', ""])
async def test_an_initial_context_that_is_not_an_object_is_refused(
    client: WorkflowClient, text: str
) -> None:
    workflow = await client.create()
    sent = {"workflowDefinitionId": workflow["id"], "initialContext": text}
    answer = await client.post("/executions", sent)

    assert (answer.status, answer.body["errors"][0]["field"]) == (400, "initialContext")


async def test_cancelling_twice_answers_alike_and_an_ended_execution_is_refused(
    client: WorkflowClient,
) -> None:
    held = await client.create(task("Held", "hold"))
    execution_id = await client.start(held["id"])
    first = await client.post(f"/executions/{execution_id}/cancel")
    second = await client.post(f"/executions/{execution_id}/cancel")
    ended = await client.to_end((await client.create(task("Only"), name="Ended"))["id"])
    refused = await client.post(f"/executions/{ended['id']}/cancel")

    assert (first.status, first.body["status"]) == (200, "CANCELLED")
    assert second.body == first.body
    assert (refused.status, refused.body["detail"]) == (409, "The execution has already completed")
