"""Runs in both Centrali dialects, from the request to the history of their steps."""

import asyncio

import pytest

from baton.command_api.commands import cancel_run, retry_run
from baton.command_api.principal import Principal
from tests.dialects.centrali_client import CentraliClient, centrali_client
from tests.dialects.centrali_documents import Document, compute, orchestration
from tests.scenarios.stack import Stack

ANSWER = "5b1f0c52-3b0e-4d59-9a6e-0d3a4f1f6d10"
DECIDING = [
    compute("validate", nextStepId="check"),
    {
        "id": "check",
        "type": "decision",
        "cases": [
            {
                "conditions": [
                    {"path": "steps.validate.output.isValid", "op": "eq", "value": True}
                ],
                "nextStepId": "answer",
            }
        ],
        "defaultNextStepId": "reject",
    },
    compute("answer", ANSWER),
    compute("reject", "func_ghi789"),
]


def orders(*steps: Document, slug: str = "orders", **changed: object) -> Document:
    return orchestration(slug, *(steps or DECIDING), **changed)


def ada(client: CentraliClient) -> Principal:
    return Principal(subject="ada", tenant=client.stack.tenant)


@pytest.mark.operations("centrali-openapi", "triggerRun")
async def test_the_response_shows_a_pending_run(openapi: CentraliClient) -> None:
    definition = await openapi.create(orders())

    run = await openapi.start(
        definition["id"], {"input": {"recordId": "r1"}, "correlationId": "corr_1"}
    )

    assert run == {
        "id": run["id"],
        "orchestrationId": definition["id"],
        "orchestrationVersion": 1,
        "workspaceSlug": openapi.stack.tenant,
        "status": "pending",
        "input": {"recordId": "r1"},
        "context": {},
        "stepOutputs": {},
        "correlationId": "corr_1",
        "triggerType": "on-demand",
        "triggerMetadata": {"initiatedByPrincipalId": "ada"},
        "hasErrors": False,
        "delayStepCount": 0,
    }


@pytest.mark.operations("centrali-openapi", "getRun")
async def test_a_finished_run_shows_its_executed_steps(openapi: CentraliClient) -> None:
    definition = await openapi.create(orders())

    run = await openapi.run_to_end(definition["id"], {"input": {"recordId": "r1"}})

    assert run["status"] == "completed"
    assert run["stepOutputs"] == {"validate": {"isValid": True}, "answer": 42}
    assert run["startedAt"] <= run["completedAt"]
    assert "currentStepId" not in run
    assert "failureReason" not in run


@pytest.mark.operations("centrali-openapi", "getRunSteps")
async def test_the_history_has_every_step_with_its_input(openapi: CentraliClient) -> None:
    definition = await openapi.create(orders())
    run = await openapi.run_to_end(definition["id"], {"input": {"recordId": "r1"}})
    path = f"/orchestrations/{definition['id']}/runs/{run['id']}"

    steps = (await openapi.get(f"{path}/steps")).body["data"]
    included = (await openapi.get(f"{path}?include=steps")).body["steps"]

    assert steps == included
    assert [step["stepId"] for step in steps] == ["validate", "check", "answer"]
    assert [step["stepType"] for step in steps] == ["compute", "decision", "compute"]
    assert [step.get("output") for step in steps] == [{"isValid": True}, None, {"value": 42}]
    assert steps[0]["input"] == {"input": {"recordId": "r1"}, "context": {}, "steps": {}}
    assert steps[2]["input"]["steps"] == {"validate": {"output": {"isValid": True}}}
    assert steps[2]["functionId"] == ANSWER
    assert steps[1]["decisionResult"] == {
        "evaluatedCases": 1,
        "matchedCaseIndex": 0,
        "selectedNextStepId": "answer",
        "evaluations": [
            {
                "caseIndex": 0,
                "nextStepId": "answer",
                "conditions": [
                    {
                        "path": "steps.validate.output.isValid",
                        "operator": "eq",
                        "expectedValue": True,
                        "actualValue": True,
                        "pathExists": True,
                        "matched": True,
                    }
                ],
                "matched": True,
            }
        ],
    }


async def test_a_run_needs_no_body(openapi: CentraliClient, reference: CentraliClient) -> None:
    definition = await openapi.create(orders())

    assert (await openapi.run_to_end(definition["id"]))["input"] == {}
    assert (await reference.run_to_end(definition["id"]))["input"] == {}


async def test_a_delay_waits_and_shows_when_it_resumes(openapi: CentraliClient) -> None:
    wait = {"id": "wait", "type": "delay", "delayMs": 3_600_000, "nextStepId": "answer"}
    definition = await openapi.create(orders(wait, compute("answer", ANSWER)))
    run = await openapi.start(definition["id"])

    waiting = await openapi.wait_for(definition["id"], run["id"], "waiting", query="?include=steps")
    await openapi.stack.fire(run["id"], "wait")
    done = await openapi.wait_for(definition["id"], run["id"], query="?include=steps")

    assert waiting["currentStepId"] == "wait"
    assert set(waiting["steps"][0]["delayConfig"]) == {"delayMs", "resumeAt"}
    assert waiting["steps"][0]["status"] == "waiting"
    assert set(done["steps"][0]["delayConfig"]) == {"delayMs", "resumeAt", "resumedAt"}
    assert (done["status"], done["delayStepCount"]) == ("completed", 1)


async def test_every_attempt_has_a_record(openapi: CentraliClient) -> None:
    retry = {"maxAttempts": 3, "backoffMs": 0}
    definition = await openapi.create(orders(compute("flaky", "flaky", retry=retry)))

    run = await openapi.run_to_end(definition["id"], query="?include=steps")

    assert [(step["attempt"], step["status"]) for step in run["steps"]] == [
        (1, "failed"),
        (2, "succeeded"),
    ]
    assert run["steps"][0]["error"]["message"].endswith("not yet")
    assert "Traceback" in run["steps"][0]["error"]["stack"]
    assert run["stepOutputs"] == {"flaky": {"attempt": 2}}
    assert (run["status"], run["hasErrors"]) == ("completed", False)


async def test_a_failure_names_its_code_first(
    openapi: CentraliClient, reference: CentraliClient
) -> None:
    definition = await openapi.create(orders(compute("refuse", "refuse")))

    run = await openapi.run_to_end(definition["id"])
    shown = await reference.wait_for(definition["id"], run["id"])

    assert (run["status"], run["hasErrors"]) == ("failed", True)
    assert run["failureReason"] == shown["failureReason"] == "NO_USE: no use"
    assert shown["errors"] == [{"stepId": "refuse", "code": "NO_USE", "message": "no use"}]
    assert shown["executedSteps"] == ["refuse"]


async def test_an_unknown_function_fails_its_step(openapi: CentraliClient) -> None:
    definition = await openapi.create(orders(compute("lost", "func_nowhere")))

    run = await openapi.run_to_end(definition["id"])

    assert run["failureReason"].startswith("FUNCTION_NOT_FOUND: ")


async def test_an_error_that_a_later_attempt_recovered_is_not_listed(
    reference: CentraliClient,
) -> None:
    retry = {"maxAttempts": 2, "backoffMs": 0}
    definition = await reference.create(orders(compute("flaky", "flaky", retry=retry)))

    run = await reference.run_to_end(definition["id"])

    assert (run["errors"], run["hasErrors"], run["executedSteps"]) == ([], False, ["flaky"])


async def test_a_failure_with_the_action_end_completes_the_run(openapi: CentraliClient) -> None:
    step = compute("broken", "break", onFailure={"action": "end"}, nextStepId="answer")
    definition = await openapi.create(orders(step, compute("answer", ANSWER)))

    run = await openapi.run_to_end(definition["id"])

    assert (run["status"], run["hasErrors"]) == ("completed", True)
    assert run["stepOutputs"] == {}


async def test_on_success_wins_over_next(openapi: CentraliClient) -> None:
    first = compute("first", ANSWER, onSuccess={"nextStepId": "third"}, nextStepId="second")
    steps = (first, compute("second", "break"), compute("third", ANSWER))
    definition = await openapi.create(orders(*steps))

    run = await openapi.run_to_end(definition["id"])

    assert list(run["stepOutputs"]) == ["first", "third"]


async def test_a_loop_has_a_limit(openapi: CentraliClient, reference: CentraliClient) -> None:
    again = {"id": "again", "type": "decision", "cases": [], "defaultNextStepId": "again"}
    definition = await openapi.create(orders(again))

    run = await openapi.run_to_end(definition["id"])
    shown = await reference.wait_for(definition["id"], run["id"])

    assert run["status"] == "failed"
    assert run["failureReason"].startswith("LOOP_LIMIT")
    assert [error["code"] for error in shown["errors"]] == ["LOOP_LIMIT"]


async def test_the_shared_context_is_shown(
    openapi: CentraliClient, reference: CentraliClient
) -> None:
    definition = await openapi.create(orders(compute("remember", "remember")))

    run = await openapi.run_to_end(definition["id"])

    assert run["context"] == {"noted": True}
    assert (await reference.wait_for(definition["id"], run["id"]))["context"] == {"noted": True}


async def test_a_cancelled_run_reads_as_failed_with_the_reason_cancelled(
    openapi: CentraliClient, reference: CentraliClient
) -> None:
    wait = {"id": "wait", "type": "delay", "delayMs": 3_600_000}
    definition = await openapi.create(orders(wait))
    run = await openapi.start(definition["id"])
    await openapi.wait_for(definition["id"], run["id"], "waiting")
    services = openapi.stack.services
    await cancel_run(services, ada(openapi), run["id"], at=services.clock.now())

    seen = await openapi.wait_for(definition["id"], run["id"], query="?include=steps")
    shown = await reference.wait_for(definition["id"], run["id"])

    assert (seen["status"], seen["failureReason"]) == ("failed", "cancelled")
    assert seen["steps"][0]["error"] == {"message": "cancelled", "code": "CANCELLED"}
    assert (shown["status"], shown["failureReason"]) == ("failed", "cancelled")


async def test_a_retried_run_continues(openapi: CentraliClient) -> None:
    definition = await openapi.create(orders(compute("flaky", "flaky")))
    run = await openapi.run_to_end(definition["id"])
    assert run["status"] == "failed"
    services = openapi.stack.services
    await retry_run(services, ada(openapi), run["id"], at=services.clock.now())

    done = await openapi.wait_for(definition["id"], run["id"], "completed")

    assert done["stepOutputs"] == {"flaky": {"attempt": 2}}
    assert "failureReason" not in done


@pytest.mark.operations("centrali-openapi", "listRuns")
async def test_runs_are_listed_newest_first_and_by_status(
    openapi: CentraliClient, reference: CentraliClient
) -> None:
    good = await openapi.create(orders())
    bad = await openapi.create(orders(compute("broken", "break"), slug="bad"))
    ids = [(await openapi.run_to_end(good["id"]))["id"] for _ in range(3)]
    failed = await openapi.run_to_end(bad["id"])
    path = f"/orchestrations/{good['id']}/runs"

    listed = (await openapi.get(path)).body
    page = (await openapi.get(f"{path}?page=2&pageSize=2")).body
    none = (await openapi.get(f"{path}?status=failed")).body
    some = (await reference.get(f"/orchestrations/{bad['id']}/runs?status=failed")).body

    assert [run["id"] for run in listed["data"]] == ids[::-1]
    assert listed["meta"] == {"total": 3, "page": 1, "pageSize": 20}
    assert [run["id"] for run in page["data"]] == ids[:1]
    assert page["meta"] == {"total": 3, "page": 2, "pageSize": 2}
    assert none["data"] == []
    assert [run["id"] for run in some["data"]] == [failed["id"]]


async def test_cancelled_runs_are_found_among_the_failed(openapi: CentraliClient) -> None:
    wait = {"id": "wait", "type": "delay", "delayMs": 3_600_000}
    definition = await openapi.create(orders(wait))
    run = await openapi.start(definition["id"])
    services = openapi.stack.services
    outcome = await cancel_run(services, ada(openapi), run["id"], at=services.clock.now())
    await services.reached(outcome.position, 5_000)

    found = await openapi.get(f"/orchestrations/{definition['id']}/runs?status=failed")

    assert [one["id"] for one in found.body["data"]] == [run["id"]]


async def test_a_run_belongs_to_its_orchestration(
    openapi: CentraliClient, reference: CentraliClient
) -> None:
    mine = await openapi.create(orders())
    other = await openapi.create(orders(slug="other"))
    run = await openapi.run_to_end(mine["id"])
    path = f"/orchestrations/{other['id']}/runs/{run['id']}"

    answers = [await openapi.get(path), await openapi.get(f"{path}/steps")]
    answers.append(await reference.get(path))

    assert [answer.status for answer in answers] == [404, 404, 404]
    assert answers[0].body == {"error": "not_found", "message": "Run not found"}


async def test_runs_stay_after_their_orchestration_is_deleted(openapi: CentraliClient) -> None:
    definition = await openapi.create(orders())
    run = await openapi.run_to_end(definition["id"])
    assert (await openapi.delete(f"/orchestrations/{definition['id']}")).status == 204
    path = f"/orchestrations/{definition['id']}/runs"

    assert (await openapi.get(f"{path}/{run['id']}")).body["status"] == "completed"
    assert (await openapi.get(path)).body["meta"]["total"] == 1
    assert (await openapi.post(path)).status == 404


@pytest.mark.parametrize(("status", "expected"), [("paused", 409), ("draft", 201), ("active", 201)])
async def test_a_paused_orchestration_starts_no_run(
    openapi: CentraliClient, status: str, expected: int
) -> None:
    definition = await openapi.create(orders(status=status))

    answer = await openapi.post(f"/orchestrations/{definition['id']}/runs")

    assert answer.status == expected
    if expected == 409:
        message = "Orchestration 'orders' is paused: it starts no run"
        assert answer.body == {"error": "conflict", "message": message}


async def test_a_run_keeps_the_version_it_started_with(openapi: CentraliClient) -> None:
    wait = {"id": "wait", "type": "delay", "delayMs": 3_600_000, "nextStepId": "answer"}
    definition = await openapi.create(orders(wait, compute("answer", ANSWER)))
    run = await openapi.start(definition["id"])
    await openapi.wait_for(definition["id"], run["id"], "waiting")
    change = {"steps": [compute("wait", "break")]}
    assert (await openapi.put(f"/orchestrations/{definition['id']}", change)).status == 200

    await openapi.stack.fire(run["id"], "wait")
    done = await openapi.wait_for(definition["id"], run["id"])

    assert (done["status"], done["orchestrationVersion"]) == ("completed", 1)


async def test_a_repeated_request_starts_one_run(
    openapi: CentraliClient, reference: CentraliClient
) -> None:
    definition = await openapi.create(orders())
    key = {"Idempotency-Key": "k-1"}
    path = f"/orchestrations/{definition['id']}"

    first = await openapi.post(f"{path}/runs", {"input": {}}, headers=key)
    again = await openapi.post(f"{path}/runs", {"input": {}}, headers=key)
    other = await openapi.post(f"{path}/runs", {"input": {"a": 1}}, headers=key)
    elsewhere = await reference.post(f"{path}/trigger", {"input": {}}, headers=key)

    assert (again.status, again.body) == (201, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert [other.status, elsewhere.status] == [422, 422]
    assert other.body["error"] == "idempotency_key_reused"
    assert (await openapi.get(f"{path}/runs")).body["meta"]["total"] == 1


async def test_runs_started_concurrently_are_all_listed(memory: Stack) -> None:
    openapi = centrali_client(memory, "centrali-openapi")
    definition = await openapi.create(orders())

    runs = await asyncio.gather(*(openapi.run_to_end(definition["id"]) for _ in range(25)))

    assert {run["status"] for run in runs} == {"completed"}
    assert len({run["id"] for run in runs}) == 25
