"""Explanations of runs in Baton's own API."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from baton.command_api.commands import explain_run
from baton.domain.record.messages import RecordReceived
from baton.domain.run.messages.run_events import RunRequested, RunStarted
from baton.domain.run.messages.step_events import DelayStarted
from baton.domain.run.trigger import BY_HAND
from baton.domain.stream import stream_name, stream_parts
from baton.eventlog.events.envelope import Write
from baton.eventlog.known_functions import KnownFunction, KnownFunctions
from baton.projector.views import every_view
from baton.projector.views.runs.queries import RunQueries
from tests.backends.memory import open_stores
from tests.dialects.baton_documents import only_step, own_definition
from tests.dialects.centrali_client import centrali_client
from tests.dialects.centrali_documents import compute, orchestration
from tests.kit.actors import ANN
from tests.kit.eventually import eventually
from tests.kit.stack import bearer
from tests.scenarios.stack import DEADLINE_S, Stack, idle_stack
from tests.scenarios.test_own_pauses import NAP, THEN
from tests.scenarios.test_own_runs import started, until


@pytest.mark.operations("baton", "explainRun")
async def test_a_run_says_what_it_waits_for(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    run_id = await started(reference, "naps", NAP, THEN)
    due_at = (await until(memory, run_id, "waiting"))["steps"][0]["resumeAt"]

    found = (await memory.get(f"/runs/{run_id}/explain")).body

    assert (found["status"], found["stuck"]) == ("waiting", False)
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
    assert found["suggestions"] == [
        f"`baton runs retry {run_id}`, or POST /runs/{run_id}/retry, reopens it where it stopped"
    ]


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


async def test_a_planted_stuck_run_is_listed_explained_and_counted(tmp_path: Path) -> None:
    async with idle_stack(tmp_path) as stack:
        ident = (await stack.post("/definitions", own_definition("stuck"))).body["id"]
        before = (await stack.get("/metrics", anonymous=True)).raw.decode()
        requested = RunRequested(
            run_id="r" * 20,
            tenant=stack.tenant,
            definition_id=ident,
            version=1,
            trigger=BY_HAND,
            actor=ANN,
            at=1,
        )
        stream = stream_name(stack.tenant, "run", "r" * 20)
        events = [requested, RunStarted(at=2)]
        await stack.stores.events.append([Write(stream=stream, expected=0, events=events)])

        async def found() -> bool:
            return bool((await stack.get("/runs?stuck=true")).body["runs"])

        await eventually(found, within_s=DEADLINE_S)
        listed = (await stack.get("/runs?stuck=true&definition=stuck")).body
        after = (await stack.get("/metrics", anonymous=True)).raw.decode()
        explained = (await stack.get(f"/runs/{'r' * 20}/explain")).body

    assert (listed["total"], listed["runs"][0]["id"]) == (1, "r" * 20)
    assert "baton_runs_found_stuck 0.0" in before
    assert "baton_runs_found_stuck 1.0" in after
    assert explained["stuck"]
    assert explained["because"][0]["code"] == "STUCK"


async def test_a_due_timer_without_a_scheduler_is_named(tmp_path: Path) -> None:
    async with idle_stack(tmp_path) as stack:
        nap = {"id": "nap", "delay": 1}
        definition = own_definition("nap", nap, trigger={"every": "1s"})
        await stack.post("/definitions", definition)
        run_id = (await stack.post("/runs", {"definition": "nap"})).body["id"]
        stream = stream_name(stack.tenant, "run", run_id)
        begun = [
            RunStarted(at=2),
            DelayStarted(step_id="nap", visit=1, delay_ms=1, resume_at=3, at=2),
        ]
        await stack.stores.events.append([Write(stream=stream, expected=1, events=begun)])

        run = (await stack.get(f"/runs/{run_id}/explain")).body
        of_definition = (await stack.get("/definitions/nap/explain")).body

    assert [one["code"] for one in run["because"]][:2] == ["TIMER", "NO_SCHEDULER"]
    assert [one["code"] for one in of_definition["because"]] == [
        "TIMER",
        "NO_SCHEDULER",
        "NO_EXECUTOR",
    ]


async def test_a_running_attempt_names_its_executor_and_its_heartbeat(memory: Stack) -> None:
    long = {"id": "long", "function": "report-and-hold"}
    await memory.post("/definitions", own_definition("long", long))
    run_id = (await memory.post("/runs", {"definition": "long"})).body["id"]
    path = f"/runs/{run_id}/steps/{run_id}.long.1.1"

    async def reported() -> bool:
        return "heartbeatAt" in (await memory.get(path)).body

    await eventually(reported, within_s=DEADLINE_S)
    step = (await memory.get(path)).body
    (reason,) = (await memory.get(f"/runs/{run_id}/explain")).body["because"]
    await memory.post(f"/runs/{run_id}/cancel")

    assert (step["executor"], step["progress"]) == ("embedded", {"line": 1})
    assert (reason["executor"], reason["heartbeatAt"]) == ("embedded", step["heartbeatAt"])


@pytest.mark.operations("baton", "explainDefinition")
async def test_a_definition_says_why_events_and_ticks_started_nothing(memory: Stack) -> None:
    trigger = [{"event": "record.created", "structure": "orders"}, {"at": "2020-01-01T00:00:00Z"}]
    document = own_definition("orders", only_step("answr"), trigger=trigger)
    made = (await memory.post("/definitions", document)).body
    event = {"event": "record_created", "recordSlug": "bills", "recordId": "rec_1", "data": {}}
    await memory.post("/events", event)
    await memory.post("/events", {**event, "recordSlug": "orders", "recordId": "rec_2"})

    async def considered() -> bool:
        found = (await memory.get("/definitions/orders/explain")).body
        outcomes = [one["outcome"] for one in found["events"]]
        return outcomes == ["started", "skipped"] and bool(found["ticks"])

    await eventually(considered, within_s=DEADLINE_S)
    found = (await memory.get(f"/definitions/{made['id']}/explain")).body
    await memory.call("PUT", "/definitions/orders", json={**document, "status": "paused"})
    paused = (await memory.get("/definitions/orders/explain")).body

    assert [one["code"] for one in found["because"]] == ["EVENT", "NO_TICK", "NO_FUNCTION"]
    assert "the nearest is 'answer'" in found["because"][2]["text"]
    assert (found["ticks"][0]["outcome"], found["status"]) == ("missed", "active")
    started, skipped = found["events"]
    assert (started["structure"], "runId" in started) == ("orders", True)
    assert (skipped["field"], skipped["wanted"], skipped["was"]) == ("structure", "orders", "bills")
    assert paused["because"][0]["code"] == "PAUSED"
    assert (await memory.get("/definitions/none/explain")).status == 404
