"""Webhooks of the Workflow Orchestration API: the seed's examples, secrets, and real deliveries."""

from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from baton.eventlog.events.codec import encode
from tests.kit.eventually import eventually
from tests.scenarios.stack import Client, Stack
from tests.scenarios.workflow_orchestration_seed import response, sent
from tests.webhooks.receiver import always, receiving

EVENTS = ["workflow.execution.completed", "task.execution.failed"]
SECRET = "webhook-secret"


def api(stack: Stack) -> Client:
    return stack.client("workflow-orchestration")


async def registered(client: Client, url: str, **more: Any) -> dict[str, Any]:
    answer = await client.post("/webhooks", {"url": url, "events": EVENTS, **more})
    assert answer.status == 201, answer.raw
    return dict(answer.body)


async def run_of(client: Client, function: str = "noop") -> str:
    """Run a workflow of one task to its end and return the id of the execution."""
    task = {"name": "Task 1", "function": function}
    made = await client.post("/workflows", {"name": "Sample Workflow", "tasks": [task]})
    started = await client.post(
        "/executions", {"workflowDefinitionId": made.body["id"], "initialContext": {"key": "value"}}
    )
    return str(started.body["id"])


@pytest.mark.operations(
    "workflow-orchestration", "registerWebhook", "getWebhooks", "updateWebhook", "deleteWebhook"
)
async def test_the_seeds_examples(memory: Stack) -> None:
    client = api(memory)

    def shown(heading: str, made: dict[str, Any]) -> Any:
        """Return the seed's response with the id and the time of this registration."""
        found = response(heading)
        own = {"id": made["id"], "createdAt": made["createdAt"]}
        return [{**one, **own} for one in found] if isinstance(found, list) else {**found, **own}

    made = (await client.post("/webhooks", sent("Register a webhook"))).body
    assert made == shown("Register a webhook", made)
    listed = (await client.get("/webhooks")).body
    assert listed == shown("Get all webhook registrations", made)
    path = f"/webhooks/{made['id']}"
    updated = await client.put(path, sent("Update a webhook registration"))
    assert (updated.status, updated.body) == (200, shown("Update a webhook registration", made))
    assert (await client.delete(path)).status == 204
    assert (await client.get("/webhooks")).body == []
    assert (await client.put(path, sent("Update a webhook registration"))).status == 404


@pytest.mark.operations("workflow-orchestration", "testWebhook")
async def test_a_test_posts_the_payload_signed(memory: Stack) -> None:
    async with receiving() as receiver:
        body = {**sent("Test a webhook"), "url": receiver.url}
        good = await api(memory).post("/webhooks/test", body)
        receiver.answer = always(500)
        bad = await api(memory).post("/webhooks/test", body)

    assert good.body == response("Test a webhook")
    assert (bad.status, bad.body["success"], bad.body["statusCode"]) == (200, False, 500)
    received = receiver.took[0].verified(SECRET)
    assert (received["type"], received["data"]) == (EVENTS[0], body["payload"])


@pytest.mark.operations("workflow-orchestration", "getDeliveries")
async def test_an_execution_is_delivered_in_the_format_of_the_seed(memory: Stack) -> None:
    async with receiving() as receiver:
        client = api(memory)
        made = await registered(client, receiver.url)
        execution = await run_of(client)
        await eventually(lambda: receiver.took, within_s=20)
        path = f"/webhooks/{made['id']}/deliveries"

        async def delivered() -> Any:
            return (await client.get(f"{path}?status=delivered")).body or None

        (delivery,) = await eventually(delivered)

    received = receiver.took[0].verified(made["secret"])
    shown = (await client.get(f"/executions/{execution}")).body
    assert (received["type"], received["data"]) == (EVENTS[0], shown)
    assert delivery == {
        "id": receiver.took[0].id,
        "event": EVENTS[0],
        "status": "delivered",
        "attempts": 1,
        "lastStatusCode": 200,
        "lastError": None,
        "nextAttemptAt": None,
        "createdAt": delivery["createdAt"],
    }


async def test_a_failed_task_is_delivered_with_its_execution(memory: Stack) -> None:
    async with receiving() as receiver:
        client = api(memory)
        made = await registered(client, receiver.url)
        execution = await run_of(client, function="nothing-of-this-name")
        await eventually(lambda: receiver.took)

    received = receiver.took[0].verified(made["secret"])
    assert received["type"] == "task.execution.failed"
    assert (received["data"]["status"], received["data"]["workflowExecutionId"]) == (
        "FAILED",
        execution,
    )
    assert received["data"]["error"].startswith("FUNCTION_NOT_FOUND")


@pytest.mark.operations("workflow-orchestration", "redriveDelivery")
async def test_a_dead_delivery_is_listed_and_redriven(memory: Stack) -> None:
    async with receiving(always(503)) as receiver:
        client = api(memory)
        made = await registered(client, receiver.url)
        await run_of(client)
        path = f"/webhooks/{made['id']}/deliveries"

        async def dead() -> Any:
            return (await client.get(f"{path}?status=dead")).body or None

        (letter,) = await eventually(dead)
        receiver.answer = always()
        redriven = await client.post(f"{path}/{letter['id']}/redrive")
        await eventually(lambda: receiver.took)

        async def arrived() -> bool:
            answer = await client.post(f"{path}/{letter['id']}/redrive")
            return answer.status == 409

        await eventually(arrived)

    assert (letter["attempts"], letter["lastStatusCode"]) == (3, 503)
    assert (redriven.status, redriven.body["status"]) == (202, "pending")
    assert receiver.ids == [letter["id"]]


@pytest.mark.operations("workflow-orchestration", "getWebhook")
async def test_only_post_and_put_show_a_secret(memory: Stack) -> None:
    client = api(memory)
    made = await registered(client, "https://example.com/webhook")
    path = f"/webhooks/{made['id']}"

    assert made["secret"].startswith("whsec_")
    assert Webhook(made["secret"]).sign("d1", datetime.now(UTC), "{}")
    kept = await client.put(path, {"active": False})
    assert (kept.body["secret"], kept.body["active"]) == (made["secret"], False)
    other = await client.put(path, {"secret": "another secret"})
    assert other.body["secret"] == "another secret"
    assert (await client.get(path)).body["secret"] is None
    own = (await memory.get("/webhooks")).raw
    stored = b"".join(encode(event) for event in await memory.stored())
    for secret in (made["secret"], "another secret"):
        assert secret.encode() not in own + stored


async def test_version_2_wraps_lists(memory: Stack) -> None:
    made = await registered(api(memory), "https://example.com/webhook")
    page = {"total": 1, "limit": 10, "offset": 0}

    found = await memory.get("/api/v2/webhooks")
    deliveries = await memory.get(f"/api/v2/webhooks/{made['id']}/deliveries")

    assert found.body == {"items": [{**made, "secret": None}], **page}
    assert deliveries.body == {"items": [], **page, "total": 0}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "no url"}, "url"),
        ({"url": "https://user:pass@example.com/"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["run.completed"]}, "events[0]"),
        ({"events": EVENTS[:1] * 2}, "events"),
        ({"secret": "short"}, "secret"),
        ({"secret": "whsec_"}, "secret"),
        ({"secret": "x" * 201}, "secret"),
    ],
)
async def test_a_fault_of_a_registration_is_named(
    idle: Stack, changed: dict[str, Any], field: str
) -> None:
    body = {"url": "https://example.com/webhook", "events": EVENTS, **changed}
    before = await idle.stored()

    answer = await api(idle).post("/webhooks", body)

    assert (answer.status, answer.body["code"]) == (400, "validation_error")
    assert [one["field"] for one in answer.body["errors"]] == [field]
    assert await idle.stored() == before


@pytest.mark.parametrize("member", ["url", "events", "active", "ordered"])
async def test_null_is_refused_for_every_member_except_the_secret(idle: Stack, member: str) -> None:
    client = api(idle)
    made = await registered(client, "https://example.com/webhook")
    path = f"/webhooks/{made['id']}"
    before = await idle.stored()

    refused = await client.put(path, {member: None, "secret": "another secret"})
    shown = (await client.get(path)).body
    kept = await client.put(path, shown)

    assert (refused.status, refused.body["code"]) == (400, "validation_error")
    assert [one["field"] for one in refused.body["errors"]] == [member]
    assert (shown["secret"], kept.body) == (None, made)
    assert await idle.stored() == before


async def test_another_tenants_webhook_is_not_found(idle: Stack) -> None:
    made = await registered(api(idle), "https://example.com/webhook")
    other, path = idle.client("workflow-orchestration", "globex"), f"/webhooks/{made['id']}"

    assert (await other.get("/webhooks")).body == []
    for answer in (
        await other.get(path),
        await other.put(path, {"active": False}),
        await other.delete(path),
        await other.get(f"{path}/deliveries"),
    ):
        assert answer.status == 404
