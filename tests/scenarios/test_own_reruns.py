"""Reruns in Baton's own API."""

from typing import Any

import pytest

from baton.domain.run.messages.step_events import StepStarted
from tests.dialects.centrali_client import CentraliClient, centrali_client
from tests.dialects.centrali_documents import compute, orchestration
from tests.kit.stack import bearer
from tests.scenarios.stack import Stack
from tests.scenarios.test_own_runs import error_of, started, until

FIRST = compute("first", "remember", nextStepId="second")
SECOND = compute("second", "what-i-got", nextStepId="third")
THIRD = compute("third", "answer")


async def finished(stack: Stack, reference: CentraliClient, slug: str) -> str:
    run_id = await started(reference, slug, FIRST, SECOND, THIRD)
    await until(stack, run_id, "completed")
    return run_id


async def rerun(stack: Stack, run_id: str, **body: Any) -> dict[str, Any]:
    answer = await stack.post(f"/runs/{run_id}/rerun", body)
    assert answer.status == (200 if body.get("dryRun") else 201), answer.body
    return dict(answer.body)


async def called(stack: Stack, run_id: str) -> list[str]:
    """Return the steps whose functions a run has called."""
    return [one.step_id for one in await stack.events_of(run_id) if isinstance(one, StepStarted)]


@pytest.mark.operations("baton", "rerunRun")
async def test_a_run_is_rerun_from_a_step_with_patched_data(
    stack: Stack, reference: CentraliClient
) -> None:
    run_id = await finished(stack, reference, "again")
    before = await stack.events_of(run_id)
    patch = {"inputPatch": {"amount": 7}, "contextPatch": {"noted": None, "by": "ada"}}

    dry = await rerun(stack, run_id, **{"from": "second", "dryRun": True, **patch})
    made = await rerun(stack, run_id, **{"from": "second", "reason": "a test", **patch})
    ended = await until(stack, made["id"], "completed")
    first, second, third = ended["steps"]

    assert {"id": made["id"], **dry} == made
    assert (made["rerunOf"], made["copied"], made["willRun"]) == (
        run_id,
        ["first"],
        ["second", "third"],
    )
    assert [text.partition("'")[2][:6] for text in made["warnings"]] == ["second", "third'"]
    assert ended["trigger"] == {"kind": "rerun", "runId": run_id, "fromStep": "second"}
    assert (first["copied"], first["output"], third["output"]) == (True, "noted", 42)
    assert second["output"]["input"] == {"amount": 7}
    assert second["output"]["context"] == {"by": "ada"}
    assert second["output"]["steps"] == {"first": {"output": "noted"}}
    assert await called(stack, made["id"]) == ["second", "third"]
    assert await stack.events_of(run_id) == before


async def test_a_failed_run_is_rerun_on_a_mended_version(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    made = await reference.create(orchestration("mend", FIRST, compute("second", "refuse")))
    run_id = str((await reference.start(made["id"]))["id"])
    await until(memory, run_id, "failed")
    mended = orchestration("mend", FIRST, compute("second", "answer"))
    assert (await reference.put(f"/orchestrations/{made['id']}", mended)).status == 200

    pinned = await rerun(memory, run_id, **{"from": "failed"})
    latest = await rerun(memory, run_id, **{"from": "failed", "version": "latest"})
    third = await rerun(memory, run_id, **{"from": "failed", "version": 2})

    assert (await until(memory, pinned["id"], "failed"))["version"] == 1
    for one in (latest, third):
        ended = await until(memory, one["id"], "completed")
        assert (ended["version"], await called(memory, one["id"])) == (2, ["second"])


async def test_large_values_are_taken_over(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    steps = (compute("first", "keep-report", nextStepId="second"), compute("second", "answer"))
    made = await reference.create(orchestration("large", *steps))
    text = "t" * 70_000
    run_id = str((await reference.start(made["id"], {"input": {"text": text}}))["id"])
    await until(memory, run_id, "completed")

    again = await rerun(memory, run_id, **{"from": "second", "inputPatch": {"more": 1}})
    ended = await until(memory, again["id"], "completed")

    assert ended["input"] == {"text": text, "more": 1}
    assert len(ended["context"]["report"]) == 70_000


async def test_a_repeated_key_starts_one_rerun(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    run_id = await finished(memory, reference, "once")
    key = {"Idempotency-Key": "k1"}

    first, again = [
        await memory.post(f"/runs/{run_id}/rerun", {"from": "third"}, headers=key) for _ in range(2)
    ]

    assert (first.status, first.body) == (again.status, again.body)
    assert (await memory.get("/runs")).body["total"] == 2


async def test_each_dialect_shows_a_rerun(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    run_id = (await rerun(memory, await finished(memory, reference, "seen"), **{"from": "third"}))[
        "id"
    ]
    definition_id = (await until(memory, run_id, "completed"))["definitionId"]
    dags, tasks = memory.client("orchestrator"), memory.client("orchestration-system")
    path = f"/orchestrations/{definition_id}/runs/{run_id}"

    shown = (await reference.get(path)).body
    dag_run = (await dags.get(f"/runs/{run_id}")).body
    execution = (await tasks.get(f"/executions/{run_id}")).body

    assert (shown["status"], shown["triggerType"]) == ("completed", "manual")
    assert [one["status"] for one in dag_run["steps"]] == ["succeeded"] * 3
    assert [one["status"] for one in execution["tasks"]] == ["completed"] * 3


REFUSED: tuple[tuple[dict[str, Any], int, str], ...] = (
    ({"from": "nowhere"}, 422, "from"),
    ({"from": "first", "visit": 2}, 422, "visit"),
    ({"from": "failed"}, 422, "from"),
    ({"version": 9}, 422, "version"),
    ({"from": ""}, 400, "from"),
    ({"from": "first", "visit": 0}, 400, "visit"),
    ({"from": "failed", "visit": 1}, 400, "visit"),
    ({"version": "oldest"}, 400, "version"),
    ({"inputPatch": [1]}, 400, "inputPatch"),
    ({"contextPatch": "x"}, 400, "contextPatch"),
    ({"from": "second", "outputs": {"second": 1}}, 400, "outputs.second"),
    ({"reason": "a\x1b[2J\n"}, 400, "reason"),
)


async def test_a_rerun_that_cannot_be_is_refused(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    run_id = await finished(memory, reference, "refused")

    for body, status, field in REFUSED:
        answer = await memory.post(f"/runs/{run_id}/rerun", body)
        assert (answer.status, answer.body["error"]) == (status, "validation_error"), body
        assert answer.body["details"][0]["field"].startswith(field), body
    assert (await memory.get("/runs")).body["total"] == 1


async def test_a_rerun_of_a_running_run_is_refused(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    run_id = await started(reference, "holds", compute(function="hold"))
    await until(memory, run_id, "running", attempts=1)

    going_on = await memory.post(f"/runs/{run_id}/rerun", {"from": "failed"})
    foreign = await memory.call(
        "POST", f"/runs/{run_id}/rerun", json={}, headers=bearer(tenant="bolt")
    )

    await memory.post(f"/runs/{run_id}/cancel")
    assert error_of(going_on) == (409, "conflict", "The run has not ended: it is running")
    assert error_of(foreign) == (404, "not_found", "Run not found")
