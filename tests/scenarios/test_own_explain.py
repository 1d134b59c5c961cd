"""Explanations of runs in Baton's own API."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from baton.command_api.commands import explain_run
from baton.domain.record.messages import RecordReceived
from baton.domain.stream import stream_parts
from baton.eventlog.known_functions import KnownFunction, KnownFunctions
from baton.projector.views import every_view
from baton.projector.views.runs.queries import RunQueries
from tests.backends.memory import open_stores
from tests.dialects.centrali_client import centrali_client
from tests.dialects.centrali_documents import compute, orchestration
from tests.kit.eventually import eventually
from tests.kit.stack import bearer
from tests.scenarios.stack import DEADLINE_S, Stack
from tests.scenarios.test_own_pauses import NAP, THEN
from tests.scenarios.test_own_runs import started, until


@pytest.mark.operations("baton", "explainRun")
async def test_a_run_says_what_it_waits_for(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    run_id = await started(reference, "naps", NAP, THEN)
    due_at = (await until(memory, run_id, "waiting"))["steps"][0]["resumeAt"]

    found = (await memory.get(f"/runs/{run_id}/explain")).body

    assert (found["status"], found["stuck"]) == ("running", False)
    assert [(one["code"], one["stepId"], one["dueAt"]) for one in found["because"]] == [
        ("TIMER", "nap", due_at)
    ]
    assert found["next"] == [{"event": "run.DelayElapsed", "stepId": "nap", "dueAt": due_at}]


async def test_a_failed_run_says_why_and_what_to_do(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    run_id = await started(reference, "refuses", compute(function="refuse"))
    await until(memory, run_id, "failed")

    found = (await memory.get(f"/runs/{run_id}/explain")).body

    assert found["because"][0]["text"] == "The run failed at step 'only' with NO_USE: no use"
    assert found["suggestions"] == [f"POST /runs/{run_id}/retry reopens it where it stopped"]


async def test_a_function_that_no_executor_knows_is_named(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    run_id = await started(reference, "holds", compute(function="hold"))
    await until(memory, run_id, "running", attempts=1)
    others = KnownFunctions(own=(KnownFunction(name="holt", id="1", kind="python"),))

    found = await explain_run(replace(memory.services, functions=others), memory.tenant, run_id)
    await memory.post(f"/runs/{run_id}/cancel")

    because = found.explanation.because
    assert [one.code for one in because] == ["RUNNING", "NO_FUNCTION"]
    assert because[1].text == "No running executor knows function 'hold'; the nearest is 'holt'"


async def test_a_run_without_an_executor_says_so(idle: Stack) -> None:
    reference = centrali_client(idle, "centrali-reference")
    run_id = await started(reference, "idle")

    found = (await idle.get(f"/runs/{run_id}/explain")).body

    assert [one["code"] for one in found["because"]] == ["QUEUED", "NO_EXECUTOR"]
    assert found["next"] == [{"event": "run.RunStarted"}]


async def test_views_that_are_behind_are_named(idle: Stack, tmp_path: Path) -> None:
    reference = centrali_client(idle, "centrali-reference")
    run_id = await started(reference, "late")
    empty = await open_stores(tmp_path)
    await empty.views.prepare([view.table for view in every_view()])
    behind = replace(idle.services, runs=RunQueries(empty.views))

    found = await explain_run(behind, idle.tenant, run_id)

    assert found.explanation.because[-1].code == "VIEWS_BEHIND"
    await empty.close()


@pytest.mark.operations("baton", "explainRecord")
async def test_a_record_event_says_what_it_started_and_why_nothing_else(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    on_order = {"type": "event-driven", "eventType": "record.created", "structureSlug": "orders"}
    for slug, more in (
        ("starts", {"trigger": on_order}),
        ("bills", {"trigger": {**on_order, "structureSlug": "bills"}}),
        ("updates", {"trigger": {**on_order, "eventType": "record.updated"}}),
        ("by-hand", {}),
    ):
        await reference.create(orchestration(slug, compute(function="answer"), **more))
    event = {"event": "record_created", "recordSlug": "orders", "recordId": "rec_1"}
    sent = await memory.post("/events", event)
    assert sent.status == 202, sent.body
    record = next(
        stream_parts(one.stream).id
        for one in await memory.stores.events.read_all(after=0, limit=1_000)
        if isinstance(one.event, RecordReceived)
    )
    found: dict[str, dict[str, Any]] = {}

    async def started_one() -> bool:
        answer = await memory.get(f"/records/{record}/explain")
        found.update({one["slug"]: one for one in answer.body["definitions"]})
        return bool(found["starts"]["outcome"] == "started")

    await eventually(started_one, within_s=DEADLINE_S)
    await reference.create(orchestration("too-late", trigger=on_order))
    foreign = await memory.call("GET", f"/records/{record}/explain", headers=bearer(tenant="bolt"))

    assert (await memory.get(f"/runs/{found['starts']['runId']}")).status == 200
    assert found["bills"]["reason"] == "the trigger is for structure 'bills'"
    assert [found["bills"][name] for name in ("outcome", "field", "was")] == [
        "skipped",
        "structure",
        "orders",
    ]
    assert [found["updates"][name] for name in ("outcome", "field", "wanted")] == [
        "not_matched",
        "type",
        "record.updated",
    ]
    assert found["by-hand"]["field"] == "trigger"
    assert len((await memory.get(f"/records/{record}/explain")).body["definitions"]) == 4
    assert foreign.status == 404
