"""Every example of the Centrali reference page, as a literal request and response."""

from typing import Any

import pytest

from tests.dialects.centrali_client import CentraliClient
from tests.dialects.centrali_documents import compute, orchestration
from tests.kit.eventually import eventually
from tests.scenarios.examples import assert_like, conditions, example
from tests.scenarios.stack import DEADLINE_S

TRIGGERS = [
    example(heading)
    for heading in (
        "Event-Driven Trigger",
        "Cron Schedule:",
        "Interval Schedule:",
        "One-Time Schedule:",
        "On-Demand Trigger",
        "HTTP Trigger",
    )
]


@pytest.mark.operations("centrali-reference", "createOrchestration")
async def test_create_orchestration(reference: CentraliClient) -> None:
    answer = await reference.post("/orchestrations", example("Create Orchestration"))

    assert answer.status == 201
    assert_like(
        example("Create Orchestration", 1),
        {name: answer.body[name] for name in example("Create Orchestration", 1)},
    )
    assert answer.body["steps"] == example("Create Orchestration")["steps"]


@pytest.mark.operations("centrali-reference", "getOrchestration")
async def test_get_orchestration(reference: CentraliClient) -> None:
    shown = example("Get Orchestration")
    created = await reference.create(shown)

    answer = await reference.get(f"/orchestrations/{created['id']}")

    assert answer.status == 200
    assert_like(shown, answer.body)
    assert created == answer.body


@pytest.mark.operations("centrali-reference", "listOrchestrations")
async def test_list_orchestrations(reference: CentraliClient) -> None:
    shown = example("List Orchestrations")
    await reference.create({**example("Get Orchestration"), **shown["data"][0]})

    answer = await reference.get("/orchestrations")

    assert answer.status == 200
    assert_like(shown, answer.body)


@pytest.mark.operations("centrali-reference", "updateOrchestration")
async def test_update_orchestration(reference: CentraliClient) -> None:
    created = await reference.create(example("Create Orchestration"))
    change = {**example("Update Orchestration"), "steps": created["steps"]}

    answer = await reference.put(f"/orchestrations/{created['id']}", change)

    assert answer.status == 200
    assert answer.body["version"] == 2
    assert {name: answer.body[name] for name in change} == change


@pytest.mark.operations("centrali-reference", "deleteOrchestration")
async def test_delete_orchestration(reference: CentraliClient) -> None:
    created = await reference.create(example("Create Orchestration"))

    answer = await reference.delete(f"/orchestrations/{created['id']}")

    assert (answer.status, answer.raw) == (204, b"")
    assert (await reference.get(f"/orchestrations/{created['id']}")).status == 404


@pytest.mark.operations("centrali-reference", "triggerRun")
async def test_trigger_run(reference: CentraliClient) -> None:
    created = await reference.create(example("Create Orchestration"))

    answer = await reference.post(
        f"/orchestrations/{created['id']}/trigger", example("Trigger Run")
    )

    assert answer.status == 201
    assert_like(example("Trigger Run", 1), answer.body)


@pytest.mark.operations("centrali-reference", "listRuns", "getRun")
async def test_list_runs_and_run_details(reference: CentraliClient) -> None:
    details = example("Get Run Details")
    created = await reference.create(example("Create Orchestration"))
    payload = {**details["input"], "workspaceSlug": reference.stack.tenant}

    sent = await reference.stack.call(
        "POST", "/events", json=payload, headers=reference.headers, anonymous=True
    )
    assert (sent.status, sent.body["accepted"]) == (202, 1)
    run_id = await _started(reference, created["id"])
    run = await reference.wait_for(created["id"], run_id)
    listed = await reference.get(f"/orchestrations/{created['id']}/runs")

    assert_like({**details, "input": payload}, run)
    assert_like(example("List Runs"), listed.body)


async def _started(reference: CentraliClient, definition_id: str) -> str:
    """Return the id of the orchestration's only run, once there is one."""

    async def runs() -> Any:
        return (await reference.get(f"/orchestrations/{definition_id}/runs")).body["data"]

    run, *_ = await eventually(runs, within_s=DEADLINE_S, every_s=0.005)
    return str(run["id"])


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda trigger: trigger["type"])
async def test_every_trigger_is_accepted_and_shown_unchanged(
    reference: CentraliClient, trigger: dict
) -> None:
    created = await reference.create(orchestration("orders", trigger=trigger))

    assert_like(trigger, created["trigger"])


async def test_every_step_kind_is_accepted_and_shown_unchanged(reference: CentraliClient) -> None:
    kinds = [example(heading) for heading in ("Compute Step", "Decision Step", "Delay Step")]
    named = ("next-step", "process", "notify-rejection", "review", "continue")
    others = [compute(name) for name in named]

    created = await reference.create(orchestration("orders", *kinds, *others))

    assert created["steps"] == [*kinds, *others]


async def test_every_condition_is_accepted_and_shown_unchanged(reference: CentraliClient) -> None:
    assert len(conditions()) == 4
    decision = {
        "id": "choose",
        "type": "decision",
        "cases": [{"conditions": conditions(), "nextStepId": "choose"}],
    }

    created = await reference.create(orchestration("orders", decision))

    assert created["steps"] == [decision]


async def test_400(reference: CentraliClient) -> None:
    answer = await reference.post(
        "/orchestrations", orchestration("orders", trigger={"type": "event-driven"})
    )

    assert (answer.status, answer.body) == (400, example("400 Bad Request"))


async def test_404(reference: CentraliClient) -> None:
    answer = await reference.get("/orchestrations/orch_abc123")

    assert (answer.status, answer.body) == (404, example("404 Not Found"))


async def test_409(reference: CentraliClient) -> None:
    await reference.create(example("Create Orchestration"))

    answer = await reference.post("/orchestrations", example("Create Orchestration"))

    assert (answer.status, answer.body) == (409, example("409 Conflict"))
