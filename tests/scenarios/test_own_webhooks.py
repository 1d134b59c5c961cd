"""Webhooks in Baton's own API: registered, delivered, shown without secrets."""

from typing import Any

import pytest

from baton.domain.delivery.decisions import DECIDER as DELIVERY
from baton.domain.delivery.messages import ReportFailure, RequestDelivery
from baton.domain.stream import stream_name
from baton.eventlog.events.codec import encode
from baton.eventlog.loops.transact import transact
from baton.protocols.iso_time import parse_time
from tests.dialects.centrali_documents import compute, orchestration
from tests.kit.eventually import eventually
from tests.scenarios.stack import Client, Stack
from tests.webhooks.receiver import receiving

EVENTS = ["workflow.execution.completed", "task.execution.failed"]


async def registered(client: Client, url: str, **more: Any) -> dict[str, Any]:
    answer = await client.post("/webhooks", {"url": url, "events": EVENTS, **more})
    assert answer.status == 201, answer.raw
    return dict(answer.body)


@pytest.mark.operations(
    "baton", "getWebhooksByWebhookIdDeliveries", "getDelivery", "getRunDeliveries"
)
async def test_the_end_of_a_run_is_delivered(memory: Stack) -> None:
    client = memory.client("baton")
    async with receiving() as receiver:
        hook = await registered(client, receiver.url)
        centrali = memory.client("centrali-openapi")
        document = orchestration("brief", compute("a", "noop"))
        definition = await centrali.post("/orchestrations", document)
        run = await centrali.post(f"/orchestrations/{definition.body['id']}/runs", {})
        path = f"/webhooks/{hook['id']}/deliveries"

        async def delivered() -> Any:
            return (await client.get(f"{path}?status=delivered")).body["deliveries"]

        (delivery,) = await eventually(delivered, within_s=20)
    whole = (await client.get(f"{path}/{delivery['id']}")).body
    of_run = (await client.get(f"/runs/{run.body['id']}/deliveries")).body

    (message,) = receiver.took
    received = message.verified(hook["secret"])
    shown = (await client.get(f"/runs/{run.body['id']}")).body
    assert (received["type"], received["timestamp"]) == (EVENTS[0], shown["completedAt"])
    assert (received["data"]["id"], received["data"]["status"]) == (shown["id"], "COMPLETED")
    assert (delivery["id"], delivery["runId"]) == (message.id, shown["id"])
    assert parse_time(delivery["updatedAt"]) >= parse_time(delivery["createdAt"])
    assert of_run["deliveries"] == [delivery]
    attempt = {"outcome": "delivered", "at": delivery["updatedAt"], "attempt": 1, "status": 200}
    assert whole == {**delivery, "history": [attempt]}
    other = memory.client("baton", "globex")
    for path_of_another in (f"/webhooks/{hook['id']}", path, f"{path}/{delivery['id']}"):
        assert (await other.get(path_of_another)).status == 404


@pytest.mark.operations(
    "baton",
    "getWebhooks",
    "postWebhooks",
    "getWebhooksByWebhookId",
    "putWebhooksByWebhookId",
    "deleteWebhooksByWebhookId",
)
async def test_a_registration_is_changed_and_deleted(idle: Stack) -> None:
    client, url = idle.client("baton"), "http://127.0.0.1:9/hook"
    made = await registered(client, url, secret="webhook-secret")
    path = f"/webhooks/{made['id']}"
    bare = {name: value for name, value in made.items() if name != "secret"}

    assert made["secret"] == "webhook-secret"
    idle_receiver = {"state": "idle", "pending": 0, "held": 0}
    assert (await client.get(path)).body == {**bare, "receiver": idle_receiver}
    assert (await client.get("/webhooks")).body["webhooks"] == [bare]
    kept = await client.put(path, {"active": False, "ordered": True})
    assert (kept.body["secret"], kept.body["active"]) == ("webhook-secret", False)
    other = await client.put(path, {"secret": "another secret"})
    assert (other.body["secret"], other.body["ordered"]) == ("another secret", True)
    stored = b"".join(encode(event) for event in await idle.stored())
    assert b'secret"' not in stored
    assert b"webhook-secret" not in stored + (await client.get("/webhooks")).raw
    assert (await client.delete(path)).status == 204
    assert (await client.delete(path)).status == (await client.get(path)).status == 404


async def test_a_registration_shows_its_undelivered_messages(idle: Stack) -> None:
    client, now = idle.client("baton"), idle.services.clock.now()
    hook = await registered(client, "http://127.0.0.1:9/hook")
    request = RequestDelivery(
        tenant=idle.tenant,
        webhook_id=hook["id"],
        event="workflow.execution.completed",
        run_id="r" * 20,
        run_version=5,
        at=now - 10_000,
    )
    failure = ReportFailure(attempt=1, error="HTTP_503", status=503, backoff_ms=(60_000,), at=now)
    receivers = []
    for command in (request, failure):
        stream = stream_name(idle.tenant, DELIVERY.name, "d" * 20)
        position = (await transact(idle.services.store, DELIVERY, stream, command)).position
        assert await idle.services.reached(position, 5_000)
        receivers.append((await client.get(f"/webhooks/{hook['id']}")).body["receiver"])

    assert receivers == [
        {"state": "held", "pending": 1, "held": 1},
        {"state": "retrying", "pending": 1, "held": 0},
    ]


async def test_a_repeated_request_registers_once_and_keeps_no_secret(idle: Stack) -> None:
    client, key = idle.client("baton"), {"Idempotency-Key": "the same"}
    body = {"url": "http://127.0.0.1:9/hook", "events": EVENTS}

    first = await client.post("/webhooks", body, headers=key)
    again = await client.post("/webhooks", body, headers=key)

    assert again.body == first.body
    assert first.body["secret"].startswith("whsec_")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (await client.get("/webhooks")).body["total"] == 1
    kept = repr(vars(idle.stores.keys))
    assert first.body["id"] in kept
    assert first.body["secret"] not in kept


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

    answer = await idle.client("baton").post("/webhooks", body)

    assert (answer.status, answer.body["error"]) == (400, "validation_error")
    assert [one["field"] for one in answer.body["details"]] == [field]
    assert await idle.stored() == before
