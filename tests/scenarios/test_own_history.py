"""One run in Baton's own API: its parts, timeline, steps and events; streams and the log."""

from typing import Any

import pytest

from baton.command_api.own.history import read_log
from baton.command_api.principal import ADMIN, READ, Principal
from baton.command_api.streaming.stream import MAX_POSITION
from tests.kit.webhooks import dead_delivery
from tests.scenarios.stack import Stack
from tests.scenarios.test_own_runs import until

FLAKY = {
    "slug": "orders",
    "name": "Orders",
    "steps": [
        {"id": "answer", "function": "answer", "config": {"strict": True}},
        {"id": "pause", "delay": "1ms"},
        {
            "id": "check",
            "decide": [
                {"if": [{"path": "steps.answer.output", "op": "eq", "value": 42}], "next": "last"}
            ],
        },
        {"id": "last", "function": "answer"},
    ],
}


async def completed(stack: Stack, **members: Any) -> dict[str, Any]:
    made = await stack.post("/definitions", {**FLAKY, **members})
    assert made.status == 201, made.body
    started = await stack.post("/runs", {"definition": "orders", "input": {"n": 1}})
    return await until(stack, started.body["id"], "completed")


@pytest.mark.operations("baton", "getRun")
async def test_fields_choose_the_parts_of_a_run(memory: Stack) -> None:
    run = await completed(memory)
    path = f"/runs/{run['id']}"
    run = (await memory.get(path)).body

    head = (await memory.get(f"{path}?fields=")).body
    output = (await memory.get(f"{path}?fields=output,input")).body

    assert run["output"] == 42
    assert {*run} - {*head} == {"input", "context", "output", "steps"}
    assert {*output} - {*head} == {"input", "output"}
    assert (await memory.get(f"{path}?fields=steps,secrets")).status == 400


async def test_a_graph_by_needs_has_no_last_output(memory: Stack) -> None:
    steps = [{"id": "a", "function": "answer", "needs": []}]

    run = await completed(memory, steps=steps)

    assert run["output"] is None


@pytest.mark.operations("baton", "getRunTimeline")
async def test_a_timeline_shows_waits_without_data(memory: Stack) -> None:
    run = await completed(memory)

    timeline = (await memory.get(f"/runs/{run['id']}/timeline")).body

    rows = {row["stepId"]: row for row in timeline["rows"]}
    assert list(rows) == ["answer", "pause", "check", "last"]
    assert [wait["why"] for wait in rows["pause"]["waits"]] == ["delay"]
    assert {*rows["answer"]} == {
        *("executionId", "stepId", "visit", "attempt", "kind", "status", "startedAt", "endedAt")
    }
    assert timeline["position"] > 0
    assert timeline["total"] == 4


@pytest.mark.operations("baton", "getRunTimeline")
async def test_a_timeline_is_read_in_pages(memory: Stack) -> None:
    path = f"/runs/{(await completed(memory))['id']}/timeline"

    page = (await memory.get(f"{path}?offset=1&limit=2")).body

    assert [row["stepId"] for row in page["rows"]] == ["pause", "check"]
    assert page["total"] == 4
    assert (await memory.get(f"{path}?limit=0")).status == 400


async def test_a_timeline_shows_the_backoff_of_an_attempt(memory: Stack) -> None:
    retry = {"attempts": 2, "backoff": "1ms"}
    steps = [{"id": "flaky", "function": "flaky", "retry": retry}]
    run = await completed(memory, steps=steps)

    rows = (await memory.get(f"/runs/{run['id']}/timeline")).body["rows"]

    assert [row["status"] for row in rows] == ["failed", "succeeded"]
    (wait,) = rows[1]["waits"]
    assert (wait["why"], wait["from"]) == ("backoff", rows[0]["endedAt"])


@pytest.mark.operations("baton", "getRunStep")
async def test_a_step_shows_its_input_and_output(memory: Stack) -> None:
    run = await completed(memory)
    by_id = {step["stepId"]: step for step in run["steps"]}

    last = await memory.get(f"/runs/{run['id']}/steps/{by_id['last']['executionId']}")
    check = await memory.get(f"/runs/{run['id']}/steps/{by_id['check']['executionId']}")

    assert last.body["input"]["steps"] == {"answer": {"output": 42}}
    assert (last.body["input"]["input"], last.body["output"]) == ({"n": 1}, 42)
    assert check.body["decision"]["next"] == "last"
    assert "input" not in check.body
    assert (await memory.get(f"/runs/{run['id']}/steps/{run['id']}.none.1.1")).status == 404
    other = (await memory.post("/runs", {"definition": "orders"})).body["id"]
    foreign = await memory.get(f"/runs/{other}/steps/{by_id['last']['executionId']}")
    assert foreign.status == 404


@pytest.mark.operations("baton", "getRunEvents")
async def test_the_events_of_a_run_come_in_pages_and_by_type(memory: Stack) -> None:
    run = await completed(memory)
    path = f"/runs/{run['id']}/events"

    everything = (await memory.get(path)).body["events"]
    first = (await memory.get(f"{path}?limit=3")).body
    rest = (await memory.get(f"{path}?after={first['next']}")).body
    starts = (await memory.get(f"{path}?type=run.StepStarted")).body["events"]
    of_last = (await memory.get(f"{path}?stepId=last")).body["events"]
    early = (await memory.get(f"{path}?before={everything[2]['position']}")).body["events"]

    assert [one["version"] for one in everything] == list(range(1, len(everything) + 1))
    assert [*first["events"], *rest["events"]] == everything
    assert "next" not in rest
    assert [one["data"]["step_id"] for one in starts] == ["answer", "last"]
    assert [one["type"] for one in of_last] == ["run.StepStarted", "run.StepSucceeded"]
    assert early == everything[:2]
    assert everything[0]["data"]["input"] == {"n": 1}
    assert (await memory.get(f"{path}?type=run.Nonsense")).status == 400


async def test_large_values_of_events_are_left_out(memory: Stack) -> None:
    await memory.post("/definitions", FLAKY)
    large = {"text": "x" * 5_000}
    started = await memory.post("/runs", {"definition": "orders", "input": large})

    events = (await memory.get(f"/runs/{started.body['id']}/events?limit=1")).body["events"]

    assert events[0]["data"]["input"] == {"$omitted": True, "bytes": 5_011}
    assert events[0]["truncated"] > 5_000


@pytest.mark.operations(
    "baton", "getDefinitionStream", "getRunStream", "getScheduleStream", "getRecordStream"
)
async def test_streams_of_ones_own_tenant_are_read(memory: Stack) -> None:
    run = await completed(memory)
    definition = f"/streams/definition/{run['definitionId']}/events"
    stranger = memory.client("baton", "other")

    (created,) = (await memory.get(definition)).body["events"]
    page = (await memory.get(f"/streams/run/{run['id']}/events?limit=2&after=1")).body

    assert created["type"] == "definition.DefinitionCreated"
    assert [one["version"] for one in page["events"]] == [2, 3]
    assert page["next"] == 3
    assert (await stranger.get(definition)).status == 404
    assert (await memory.get(f"/streams/user/{run['id']}/events")).status == 403


@pytest.mark.operations("baton", "getWebhookStream", "getDeliveryStream", "getAdminStream")
async def test_streams_of_webhooks_and_those_for_administrators_are_read(memory: Stack) -> None:
    client = memory.client("baton", scope=ADMIN)
    user = Principal(subject="ada", tenant=memory.tenant)
    ids = await dead_delivery(memory.services, user)
    await completed(memory)

    webhook = await memory.get(f"/streams/webhook/{ids['webhookId']}/events")
    delivery = await memory.get(f"/streams/delivery/{ids['deliveryId']}/events")
    claim = await client.get("/streams/claim/slug:orders/events")

    assert [one["type"] for one in webhook.body["events"]] == ["webhook.WebhookCreated"]
    assert delivery.body["events"][0]["type"] == "delivery.DeliveryRequested"
    assert claim.body["events"][0]["data"]["name"] == "slug:orders"
    assert (await memory.get("/streams/claim/slug:orders/events")).status == 403
    assert (await client.get("/streams/audit_key/k/events")).status == 404


@pytest.mark.operations("baton", "getLog")
async def test_the_log_holds_the_tenants_events_for_administrators(
    memory: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    await completed(memory)
    stranger = memory.client("baton", "other", scope=ADMIN)
    await stranger.post("/definitions", FLAKY)
    admin = memory.client("baton", scope=ADMIN)
    monkeypatch.setattr(read_log, "_BATCH", 2)

    page = (await admin.get("/log?type=definition.DefinitionCreated&type=run.RunCompleted")).body
    first = (await admin.get("/log?limit=1")).body
    second = (await admin.get(f"/log?limit=1&after={first['next']}")).body
    newest = (await admin.get(f"/log?limit=2&before={MAX_POSITION}")).body
    older = (await admin.get(f"/log?limit=1&before={newest['next']}")).body
    reader = memory.client("baton", scope=READ)

    assert [one["type"] for one in page["events"]] == [
        "definition.DefinitionCreated",
        "run.RunCompleted",
    ]
    assert page["next"] == page["head"]
    assert first["events"][0]["position"] < second["events"][0]["position"]
    positions = [one["position"] for one in (*newest["events"], *older["events"])]
    assert positions == sorted(positions, reverse=True)
    assert newest["events"][1]["position"] == newest["next"]
    assert (await admin.get("/log?before=1")).body["next"] == 1
    assert (await admin.get("/log?before=5&after=1")).status == 400
    assert (await reader.get("/log")).status == 403
