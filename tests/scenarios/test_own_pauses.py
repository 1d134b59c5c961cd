"""Pausing and resuming runs in Baton's own API, and how dialects show a paused run."""

from typing import Any

import pytest

from tests.dialects.centrali_client import CentraliClient, centrali_client
from tests.dialects.centrali_documents import compute
from tests.kit.eventually import eventually
from tests.kit.stack import bearer
from tests.scenarios.functions import GATES
from tests.scenarios.stack import DEADLINE_S, Stack
from tests.scenarios.test_own_runs import error_of, started, until

NAP = {"id": "nap", "type": "delay", "delayMs": 3_600_000, "nextStepId": "then"}
SLOW = compute("slow", "murmur", nextStepId="then")
STUBBORN = compute("stubborn", "hold", nextStepId="then")
THEN = compute("then", "answer")


@pytest.mark.operations("baton", "pauseRun", "resumeRun", "previewResume")
async def test_a_run_is_paused_and_continues_when_it_is_resumed(
    stack: Stack, reference: CentraliClient
) -> None:
    run_id = await started(reference, "naps", NAP, THEN)
    await until(stack, run_id, "waiting")

    paused = await stack.post(f"/runs/{run_id}/pause", {"reason": "lunch"})
    shown = (await stack.get(f"/runs/{run_id}")).body
    listed = (await stack.get("/runs?status=paused")).body["runs"]
    again = await stack.post(f"/runs/{run_id}/pause")
    preview = (await stack.get(f"/runs/{run_id}/resume-preview?timers=skip")).body
    resumed = await stack.post(f"/runs/{run_id}/resume", {"timers": "skip"})
    ended = await until(stack, run_id, "completed")

    answer = (200, {"id": run_id, "status": "paused"})
    assert (paused.status, paused.body) == (again.status, again.body) == answer
    assert (shown["status"], shown["pause"]["reason"]) == ("paused", "lunch")
    assert [one["id"] for one in listed] == [run_id]
    assert (resumed.status, resumed.body) == (200, {"id": run_id, "status": "running"})
    assert [step["status"] for step in ended["steps"]] == ["succeeded", "succeeded"]
    assert "pause" not in ended
    await assert_foretold(stack, run_id, preview)


async def assert_foretold(stack: Stack, run_id: str, preview: dict[str, Any]) -> None:
    """Check that the resume of a run appended the events of the preview."""
    events = [type(event).__name__ for event in await stack.events_of(run_id)]
    first = events.index("RunResumed")
    foretold = [one["event"].removeprefix("run.") for one in preview["next"]]

    assert foretold[0] == "RunResumed"
    assert events[first : first + len(foretold)] == foretold


async def test_an_outcome_that_arrives_during_the_pause_is_kept(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    run_id = await started(reference, "slow", SLOW, THEN)
    await eventually(lambda: run_id in GATES, within_s=DEADLINE_S)
    preview: dict[str, Any] = {}

    async def arrived() -> bool:
        preview.update((await memory.get(f"/runs/{run_id}/resume-preview")).body)
        return bool(preview["arrived"])

    await memory.post(f"/runs/{run_id}/pause")
    GATES[run_id].set()
    await eventually(arrived, within_s=DEADLINE_S)
    shown = (await memory.get(f"/runs/{run_id}")).body
    await memory.post(f"/runs/{run_id}/resume")
    ended = await until(memory, run_id, "completed")

    assert [(one["stepId"], one["outcome"]) for one in preview["arrived"]] == [
        ("slow", "succeeded")
    ]
    assert [one.get("stepId") for one in preview["next"]] == [None, "then"]
    assert (shown["status"], [step["stepId"] for step in shown["steps"]]) == ("paused", ["slow"])
    assert [step["status"] for step in ended["steps"]] == ["succeeded", "succeeded"]
    await assert_foretold(memory, run_id, preview)


async def test_running_attempts_are_cancelled_if_the_pause_asks_for_it(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    run_id = await started(reference, "stubborn", STUBBORN, THEN)
    await until(memory, run_id, "running", attempts=1)

    await memory.post(f"/runs/{run_id}/pause", {"inflight": "cancel"})
    paused = (await memory.get(f"/runs/{run_id}")).body
    await memory.post(f"/runs/{run_id}/resume")
    resumed = await until(memory, run_id, "running", attempts=2)
    await memory.post(f"/runs/{run_id}/cancel")

    assert paused["steps"][0]["error"]["code"] == "RUN_PAUSED"
    assert [step["attempt"] for step in resumed["steps"]] == [1, 2]
    assert resumed["steps"][1]["status"] == "running"


async def test_a_paused_run_is_cancelled_and_reopened(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    run_id = await started(reference, "naps", NAP, THEN)
    await until(memory, run_id, "waiting")
    await memory.post(f"/runs/{run_id}/pause")

    retried = await memory.post(f"/runs/{run_id}/retry")
    cancelled = await memory.post(f"/runs/{run_id}/cancel")
    late = [await memory.post(f"/runs/{run_id}/{verb}") for verb in ("pause", "resume")]
    reopened = await memory.post(f"/runs/{run_id}/retry")
    run = (await memory.get(f"/runs/{run_id}")).body

    assert (retried.status, cancelled.status, reopened.status) == (409, 202, 200)
    assert [error_of(one) for one in late] == [
        (409, "conflict", "The run has already been cancelled"),
        (409, "conflict", "The run is not paused: it is cancelled"),
    ]
    assert reopened.body["status"] == run["status"] == "waiting"


async def test_a_resumed_run_is_answered_with_the_status_that_it_shows(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    run_id = await started(reference, "naps", NAP, THEN)
    await until(memory, run_id, "waiting")
    await memory.post(f"/runs/{run_id}/pause")

    resumed = await memory.post(f"/runs/{run_id}/resume", {"timers": "shift"})

    assert resumed.body == {"id": run_id, "status": "waiting"}


async def test_each_dialect_has_its_word_for_a_paused_run(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    run_id = await started(reference, "naps", NAP, THEN)
    await until(memory, run_id, "waiting")
    await memory.post(f"/runs/{run_id}/pause")
    dags, tasks = memory.client("orchestrator"), memory.client("orchestration-system")
    definition_id = (await memory.get(f"/runs/{run_id}")).body["definitionId"]

    dag_run = (await dags.get(f"/runs/{run_id}")).body
    listed = (await dags.get("/runs?status=waiting")).body["items"]
    execution = (await tasks.get(f"/executions/{run_id}")).body
    executions = (await tasks.get("/executions?status=running")).body["executions"]
    shown = (await reference.get(f"/orchestrations/{definition_id}/runs/{run_id}")).body
    found = (await reference.get(f"/orchestrations/{definition_id}/runs?status=waiting")).body

    assert (dag_run["status"], [one["runId"] for one in listed]) == ("waiting", [run_id])
    assert (execution["status"], [one["id"] for one in executions]) == ("running", [run_id])
    assert shown["status"] == "waiting"
    assert [one["id"] for one in found["data"]] == [run_id]


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("pause", {"reason": ""}),
        ("pause", {"reason": "a\x1b[2J\n"}),
        ("pause", {"inflight": "kill"}),
        ("resume", {"timers": "later"}),
        ("resume", {"timers": ["fire"]}),
    ],
)
async def test_an_invalid_body_is_refused(memory: Stack, verb: str, body: object) -> None:
    answer = await memory.post(f"/runs/anything/{verb}", body)

    assert (answer.status, answer.body["error"]) == (400, "validation_error")


async def test_a_preview_is_refused_like_the_resume(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    run_id = await started(reference, "naps", NAP, THEN)
    await until(memory, run_id, "waiting")

    running = await memory.get(f"/runs/{run_id}/resume-preview")
    unknown = await memory.get(f"/runs/{run_id}/resume-preview?timers=later")
    foreign = [
        await memory.call("GET", f"/runs/{ident}/resume-preview", headers=bearer(tenant="bolt"))
        for ident in (run_id, "00000000000000000000")
    ]

    assert error_of(running) == (409, "conflict", "The run is not paused: it is running")
    assert (unknown.status, unknown.body["details"][0]["field"]) == (400, "timers")
    assert {error_of(one) for one in foreign} == {(404, "not_found", "Run not found")}
