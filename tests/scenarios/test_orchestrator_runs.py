"""Runs of the Orchestrator dialect: starting, showing, cancelling, keys, tokens, traces."""

import re

import pytest
from pydantic import TypeAdapter

from baton.command_api.dialects.orchestrator import documents
from baton.domain.run.messages.run_events import RunRequested
from baton.protocols.canonical_json import canonical, digest
from tests.dialects.centrali_client import centrali_client
from tests.dialects.orchestrator_client import dag, orchestrator_client, step
from tests.scenarios.stack import Stack

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
TRACED = {"traceparent": TRACEPARENT}
NEVER = [{"path": "input.never", "op": "exists"}]


@pytest.mark.operations("orchestrator", "startRun", "getRun")
async def test_a_run_shows_its_steps_and_hashes(stack: Stack) -> None:
    client = orchestrator_client(stack)
    published = await client.publish(
        dag(
            "flow",
            "1.0",
            step("a"),
            step("b", "flaky", retry={"maxAttempts": 2, "backoffMs": 0}),
            step("c", when=NEVER),
            edges="a>b a>c",
        )
    )
    started = await client.post("/runs", {"dagId": "flow", "inputs": {"n": 1}}, headers=TRACED)
    run = await client.wait_for(started.body["runId"])

    assert started.status == 201
    assert started.body["status"] == "queued"
    assert started.body["traceId"] == run["traceId"] == TRACE
    assert started.headers["traceparent"] == TRACEPARENT
    assert run["status"] == "succeeded"
    assert (run["dagId"], run["version"], run["inputs"]) == ("flow", "1.0", {"n": 1})
    assert run["definitionHash"] == published["definitionHash"]
    assert run["startedUtc"] == started.body["startedUtc"] < run["completedUtc"]
    assert run["steps"] == [
        {"stepId": "a", "status": "succeeded", "outputsHash": digest(b"42"), "attempts": 1},
        {
            "stepId": "b",
            "status": "succeeded",
            "outputsHash": digest(canonical({"attempt": 2})),
            "attempts": 2,
        },
        {"stepId": "c", "status": "skipped", "outputsHash": None, "attempts": 0},
    ]


@pytest.mark.operations("orchestrator", "listSteps", "getStep")
async def test_a_step_shows_each_attempt(memory: Stack) -> None:
    client = orchestrator_client(memory)
    retry = {"maxAttempts": 2, "backoffMs": 0}
    await client.publish(dag("flow", "1.0", step("a", "flaky", retry=retry), step("b")))
    run = await client.run_to_end("flow")
    listed = (await client.get(f"/runs/{run['runId']}/steps")).body
    shown = (await client.get(f"/runs/{run['runId']}/steps/a")).body

    assert [(one["stepId"], one["uses"], one["attempts"]) for one in listed["items"]] == [
        ("a", "flaky", 2),
        ("b", "answer", 1),
    ]
    assert listed["nextPageToken"] is None
    first, second = shown["attempts"]
    assert (first["status"], first["error"]["message"]) == ("failed", "not yet")
    assert (second["status"], second["attempt"]) == ("succeeded", 2)
    assert shown["outputs"] == {"attempt": 2}
    assert shown["outputsHash"] == second["outputsHash"] == digest(canonical({"attempt": 2}))
    assert (await client.get(f"/runs/{run['runId']}/steps/z")).status == 404


@pytest.mark.operations("orchestrator", "getArtifact")
async def test_a_large_output_is_an_artifact_with_the_hash_of_the_step(memory: Stack) -> None:
    client = orchestrator_client(memory)
    await client.publish(dag("large", "1", step("echo", "what-i-got")))
    run = await client.run_to_end("large", inputs={"text": "x" * 100_000})
    sha256 = run["steps"][0]["outputsHash"]
    fetched = await client.get(f"/artifacts/{sha256}")
    shown = (await client.get(f"/runs/{run['runId']}/steps/echo")).body
    of_another = orchestrator_client(memory, "globex")

    assert digest(fetched.raw) == sha256
    assert fetched.body == shown["outputs"]
    assert (await of_another.get(f"/artifacts/{sha256}")).status == 404


async def test_a_failed_and_a_cancelled_run_show_how_each_step_ended(memory: Stack) -> None:
    client = orchestrator_client(memory)
    await client.publish(dag("bad", "1", step("a", "break"), step("b"), edges="a>b"))
    await client.publish(dag("held", "1", step("a", "hold"), step("b"), edges="a>b"))
    failed = await client.run_to_end("bad")
    held = await client.start("held")
    running = await client.wait_for(held["runId"], "running")
    await client.post(f"/runs/{held['runId']}:cancel")
    cancelled = await client.wait_for(held["runId"])

    def statuses(run: dict[str, object]) -> list[object]:
        steps = run["steps"]
        assert isinstance(steps, list)
        return [run["status"], *(one["status"] for one in steps)]

    assert statuses(failed) == ["failed", "failed", "skipped"]
    assert (failed["error"]["stepId"], failed["error"]["message"]) == ("a", "it broke")
    assert statuses(running)[2] == "queued"
    assert statuses(cancelled) == ["cancelled", "cancelled", "cancelled"]


@pytest.mark.operations("orchestrator", "cancelRun")
async def test_cancelling_answers_202_whatever_the_run_does(stack: Stack) -> None:
    client = orchestrator_client(stack)
    await client.publish(dag("quick", "1", step("a")))
    await client.publish(dag("held", "1", step("a", "hold")))
    ended = await client.run_to_end("quick")
    held = await client.start("held")
    answers = [await client.post(f"/runs/{held['runId']}:cancel") for _ in range(2)]
    no_effect = await client.post(f"/runs/{ended['runId']}:cancel", {"reason": "late"})
    unknown = await client.post("/runs/nothing:cancel")

    assert [(one.status, one.body["status"]) for one in answers] == [(202, "cancelled")] * 2
    assert (no_effect.status, no_effect.body["status"]) == (202, "succeeded")
    assert (unknown.status, unknown.body["code"]) == (404, "not_found")
    assert (await client.get(f"/runs/{ended['runId']}")).body == ended


async def test_a_post_that_changes_something_needs_a_key(memory: Stack) -> None:
    client = orchestrator_client(memory)
    await client.publish(dag("flow", "1", step("a")))
    run = await client.run_to_end("flow")
    statuses = {}
    for path, body in (
        ("/dags", dag("flow", "2", step("a"))),
        ("/dags/flow/1:disable", {}),
        ("/runs", {"dagId": "flow"}),
        (f"/runs/{run['runId']}:cancel", {}),
        ("/admin/warm", {}),
    ):
        url = client.base + path
        answer = await memory.call("POST", url, json=body, headers=client.headers)
        statuses[path] = answer.status
        if answer.status == 400:
            assert answer.body["details"][0]["field"] == "Idempotency-Key"

    assert list(statuses.values()) == [400, 400, 400, 400, 200]


async def test_a_run_token_counts_as_a_key_and_starts_one_run(memory: Stack) -> None:
    client = orchestrator_client(memory)
    await client.publish(dag("flow", "1", step("a")))
    body = {"dagId": "flow", "inputs": {"n": 1}, "runToken": "once"}
    url = f"{client.base}/runs"

    first = await memory.call("POST", url, json=body, headers=client.headers)
    await client.post("/dags/flow/1:disable")
    again = await memory.call("POST", url, json=body, headers=client.headers)
    keyed = await client.post("/runs", body)
    other = await client.post("/runs", {**body, "inputs": {"n": 2}})
    fresh = await client.post("/runs", {**body, "runToken": "twice"})
    globex = orchestrator_client(memory, "globex")
    await globex.publish(dag("flow", "1", step("a")))
    of_another = await globex.start("flow", runToken="once")

    assert first.status == again.status == keyed.status == 201
    assert first.body == again.body == keyed.body
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
    assert fresh.status == 409
    assert of_another["runId"] != first.body["runId"]


async def test_a_trace_is_passed_on_to_functions_and_made_where_there_is_none(
    memory: Stack,
) -> None:
    client = orchestrator_client(memory)
    await client.publish(dag("flow", "1", step("a")))
    traced = await client.post("/runs", {"dagId": "flow"}, headers=TRACED)
    plain = await client.start("flow")
    odd = await client.post("/runs", {"dagId": "flow"}, headers={"traceparent": f"00-{'0' * 32}"})
    reference = centrali_client(memory, "centrali-reference")
    made = (await reference.get("/orchestrations")).body["data"][0]
    elsewhere = await reference.start(made["id"])
    requested = {}
    for run_id in (traced.body["runId"], plain["runId"]):
        (event,) = (one for one in await memory.events_of(run_id) if type(one) is RunRequested)
        requested[run_id] = str(event.traceparent)

    assert requested[traced.body["runId"]] == TRACEPARENT
    assert requested[plain["runId"]].split("-")[1] == plain["traceId"]
    assert "traceparent" not in odd.headers
    shown = (await client.get(f"/runs/{elsewhere['id']}")).body["traceId"]
    for trace in (plain["traceId"], odd.body["traceId"], shown):
        assert re.fullmatch("[0-9a-f]{32}", trace)


async def test_a_refusal_has_the_callers_trace_id(memory: Stack) -> None:
    client = orchestrator_client(memory)

    answer = await client.get("/runs/nothing", headers=TRACED)

    assert answer.body == {"code": "not_found", "message": "Run not found", "trace_id": TRACE}


async def test_the_tenant_comes_from_a_header_that_the_token_must_allow(memory: Stack) -> None:
    client = orchestrator_client(memory)
    token = {"Authorization": client.headers["Authorization"]}
    statuses = []
    for named in ({}, {"X-Stella-Tenant": "globex"}, {"X-Stella-Tenant": "acme"}):
        answer = await memory.get(f"{client.base}/runs", headers={**token, **named})
        statuses.append((answer.status, (answer.body or {}).get("code")))

    assert statuses == [(400, "validation_error"), (403, "forbidden"), (200, None)]


async def test_logs_of_an_attempt_are_an_artifact_that_its_step_names(memory: Stack) -> None:
    client = orchestrator_client(memory)
    retry = {"maxAttempts": 2, "backoffMs": 0}
    await client.publish(dag("flow", "1", step("a", "chat", retry=retry), step("b")))
    inputs = {"name": "ada", "fails": "a"}
    run_id = (await client.run_to_end("flow", inputs=inputs))["runId"]
    talking = (await client.get(f"/runs/{run_id}/steps/a")).body
    silent = (await client.get(f"/runs/{run_id}/steps/b")).body
    logs = await client.get(f"/artifacts/{talking['logsRef']}")

    assert talking["logsRef"] == talking["attempts"][-1]["logsRef"]
    assert len({one["logsRef"] for one in talking["attempts"]}) == 2
    assert b"hello ada" in logs.raw
    assert silent["logsRef"] is None
    TypeAdapter(documents.StepDetail).validate_python(talking)
