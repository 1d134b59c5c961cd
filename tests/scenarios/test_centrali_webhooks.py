"""Incoming webhooks in both Centrali dialects, by id and by path, with and without signatures."""

import base64
import hashlib
import hmac
import json
import time

import pytest

from tests.dialects.centrali_client import CentraliClient, centrali_client
from tests.dialects.centrali_documents import orchestration
from tests.dialects.centrali_requests import named_fields
from tests.kit.stack import Response
from tests.scenarios.stack import Stack

SECRET = "whsec_" + base64.b64encode(b"a signing secret").decode()
BODY = json.dumps({"recordId": "r1"}, indent=3).encode()
JSON = {"Content-Type": "application/json"}


@pytest.fixture(params=["centrali-openapi", "centrali-reference"])
def client(request: pytest.FixtureRequest, stack: Stack) -> CentraliClient:
    return centrali_client(stack, str(request.param))


def hooked(slug: str = "hook", **trigger: object) -> dict[str, object]:
    return orchestration(slug, trigger={"type": "http-trigger", **trigger})


async def sent(
    client: CentraliClient, path: str, headers: dict[str, str] | None = None, *, body: bytes = BODY
) -> Response:
    """Send without a token."""
    given = {**JSON, **(headers or {})}
    return await client.stack.call(
        "POST", client.base + path, data=body, headers=given, anonymous=True
    )


def mac(signed: bytes, key: bytes = SECRET.encode()) -> bytes:
    return hmac.digest(key, signed, "sha256")


def standard(at: int, ident: str = "msg_1") -> dict[str, str]:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signature = base64.b64encode(mac(f"{ident}.{at}.".encode() + BODY, key)).decode()
    return {
        "webhook-id": ident,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,bogus v1,{signature}",
    }


def stripe(at: int) -> dict[str, str]:
    signature = mac(f"{at}.".encode() + BODY).hex()
    return {"Stripe-Signature": f"t={at},v1={'0' * 64},v1={signature}"}


def good() -> list[dict[str, str]]:
    now = int(time.time())
    plain = mac(BODY).hex()
    return [
        {"X-Signature": plain},
        {"X-Signature": f"sha256={plain.upper()}"},
        {"X-Hub-Signature-256": f"sha256={plain}"},
        stripe(now),
        standard(now),
    ]


def bad() -> list[dict[str, str]]:
    now = int(time.time())
    return [
        {},
        {"X-Signature": ""},
        {"X-Signature": "0" * 64},
        {"X-Signature": mac(BODY, b"another secret").hex()},
        {"X-Signature": hashlib.sha256(BODY).hexdigest()},
        {"X-Signature": mac(json.dumps(json.loads(BODY)).encode()).hex()},
        {"X-Other": mac(BODY).hex()},
        stripe(now - 301),
        stripe(now + 302),
        standard(now - 301),
        {**standard(now), "webhook-id": "msg_2"},
        {"Authorization": "Bearer x"},
    ]


@pytest.mark.operations("centrali-openapi", "receiveWebhookById", "receiveWebhookByPath")
@pytest.mark.operations("centrali-reference", "receiveWebhookById", "receiveWebhookByPath")
async def test_a_webhook_starts_a_run_with_its_body(client: CentraliClient) -> None:
    made = await client.create(hooked(path="/webhooks/orders/new"))

    for path in (f"/orchestrations/{made['id']}/webhook", "/webhooks/orders/new"):
        answer = await sent(client, path)
        assert answer.status == 200
        assert answer.body == {"runId": answer.body["runId"], "status": "pending"}
        run = await client.wait_for(made["id"], answer.body["runId"])
        assert run["input"] == {"recordId": "r1"}
        assert run["triggerType"] == "http-trigger"
        assert run["triggerMetadata"] == {"webhookPath": "/webhooks/orders/new"}


async def test_a_webhook_needs_no_body(client: CentraliClient) -> None:
    made = await client.create(hooked())

    answer = await sent(client, f"/orchestrations/{made['id']}/webhook", body=b"")

    assert (await client.wait_for(made["id"], answer.body["runId"]))["input"] == {}


@pytest.mark.parametrize("configured", ["/webhooks/stripe", "webhooks/stripe", "/stripe", "stripe"])
async def test_a_path_is_compared_without_its_leading_part(
    client: CentraliClient, configured: str
) -> None:
    made = await client.create(hooked(path=configured))

    assert made["trigger"]["path"] == configured
    assert (await sent(client, "/webhooks/stripe")).status == 200
    assert (await sent(client, "/webhooks/stripe/more")).status == 404


async def test_a_webhook_may_be_called_with_a_slash_behind_it(client: CentraliClient) -> None:
    made = await client.create(hooked(path="stripe/new"))

    for path in ("/webhooks/stripe/new/", f"/orchestrations/{made['id']}/webhook/"):
        assert (await sent(client, path)).status == 200
    assert (await sent(client, "/webhooks/stripe/new//")).status == 404


@pytest.mark.parametrize("path", ["a/../b", "./x", "a/%2e%2E", "stripe/", "a//b", "/", "webhooks/"])
async def test_a_path_that_no_url_reaches_is_refused(client: CentraliClient, path: str) -> None:
    answer = await client.post("/orchestrations", hooked(path=path))

    assert (answer.status, named_fields(answer.body)) == (400, ["trigger.path"])


async def test_a_path_with_escapes_is_reached(client: CentraliClient) -> None:
    await client.create(hooked(path="caf%c3%a9/%41b%20c"))

    for path in (
        "/webhooks/café/Ab c",
        "/webhooks/caf%C3%A9/Ab%20c",
        "/webhooks/caf%c3%a9/%41b%20c",
    ):
        assert (await sent(client, path)).status == 200


async def test_a_path_belongs_to_one_definition(client: CentraliClient) -> None:
    await client.create(hooked("one", path="/webhooks/stripe"))

    answer = await client.post("/orchestrations", hooked("two", path="stripe"))

    assert (answer.status, answer.body["error"]) == (409, "conflict")


async def test_a_released_path_can_be_claimed_again(client: CentraliClient) -> None:
    one = await client.create(hooked("one", path="stripe"))
    await client.put(f"/orchestrations/{one['id']}", {"trigger": {"type": "on-demand"}})

    two = await client.create(hooked("two", path="stripe"))
    answer = await sent(client, "/webhooks/stripe")

    assert (await client.wait_for(two["id"], answer.body["runId"]))["status"] == "completed"


async def test_a_path_belongs_to_its_workspace(client: CentraliClient) -> None:
    await client.create(hooked(path="stripe"))
    other = centrali_client(client.stack, client.dialect.name, f"{client.stack.tenant}-other")

    assert (await sent(other, "/webhooks/stripe")).status == 404
    assert (await other.create(hooked(path="stripe")))["trigger"]["path"] == "stripe"


async def test_every_valid_signature_is_accepted(client: CentraliClient) -> None:
    made = await client.create(hooked(path="stripe", validateSignature=True, signingSecret=SECRET))
    assert "signingSecret" not in made["trigger"]

    for headers in good():
        answer = await sent(client, "/webhooks/stripe", headers)
        assert answer.status == 200, headers


async def test_no_invalid_signature_is_accepted(client: CentraliClient) -> None:
    made = await client.create(hooked(path="stripe", validateSignature=True, signingSecret=SECRET))

    for headers in bad():
        for path in ("/webhooks/stripe", f"/orchestrations/{made['id']}/webhook"):
            answer = await sent(client, path, headers)
            assert (answer.status, answer.body["error"]) == (401, "unauthorized"), headers

    runs = await client.get(f"/orchestrations/{made['id']}/runs")
    assert runs.body["meta"]["total"] == 0


async def test_the_signature_header_is_configurable(client: CentraliClient) -> None:
    await client.create(
        hooked(
            path="stripe",
            validateSignature=True,
            signingSecret=SECRET,
            signatureHeaderName="X-Shop-Hmac",
        )
    )

    assert (await sent(client, "/webhooks/stripe", {"X-Shop-Hmac": mac(BODY).hex()})).status == 200
    assert (await sent(client, "/webhooks/stripe", {"X-Signature": mac(BODY).hex()})).status == 401


async def test_without_a_secret_every_call_is_refused_until_one_is_set(
    client: CentraliClient,
) -> None:
    made = await client.create(hooked(path="stripe", validateSignature=True))
    signed = {"X-Signature": mac(BODY).hex()}
    before = await sent(client, "/webhooks/stripe", signed)
    empty = await sent(client, "/webhooks/stripe", {"X-Signature": mac(BODY, b"").hex()})

    trigger = {**made["trigger"], "signingSecret": SECRET}
    await client.put(f"/orchestrations/{made['id']}", {"trigger": trigger})
    after = await sent(client, "/webhooks/stripe", signed)

    assert [before.status, empty.status, after.status] == [401, 401, 200]


@pytest.mark.parametrize("change", [{}, {"signingSecret": None}, {"path": "elsewhere"}])
async def test_a_secret_stays_unless_an_update_names_another(
    client: CentraliClient, change: dict
) -> None:
    made = await client.create(hooked(path="stripe", validateSignature=True, signingSecret=SECRET))

    await client.put(f"/orchestrations/{made['id']}", {"trigger": {**made["trigger"], **change}})

    path = f"/orchestrations/{made['id']}/webhook"
    assert (await sent(client, path, {"X-Signature": mac(BODY).hex()})).status == 200
    assert (await sent(client, path)).status == 401


async def test_a_new_secret_replaces_the_old_one(client: CentraliClient) -> None:
    made = await client.create(
        hooked(path="stripe", validateSignature=True, signingSecret="the old one, long")
    )
    trigger = {**made["trigger"], "signingSecret": SECRET}
    await client.put(f"/orchestrations/{made['id']}", {"trigger": trigger})

    old = {"X-Signature": mac(BODY, b"the old one, long").hex()}
    assert (await sent(client, "/webhooks/stripe", old)).status == 401
    assert (await sent(client, "/webhooks/stripe", good()[0])).status == 200


async def test_no_response_holds_a_secret(client: CentraliClient) -> None:
    canary = "canary-7d0f2a-canary"
    made = await client.create(hooked(path="stripe", validateSignature=True, signingSecret=canary))
    path = f"/orchestrations/{made['id']}"
    answers = [
        await client.put(path, {"trigger": {**made["trigger"], "signingSecret": canary}}),
        await client.get(path),
        await client.get("/orchestrations"),
        await sent(client, "/webhooks/stripe"),
        await client.post("/orchestrations", hooked("no", path="no?", signingSecret=canary)),
    ]

    assert not [answer for answer in answers if canary.encode() in answer.raw]
    assert canary not in repr(await client.stack.stored())


async def test_the_same_delivery_again_is_the_same_run(client: CentraliClient) -> None:
    made = await client.create(hooked(path="stripe", validateSignature=True, signingSecret=SECRET))
    headers = standard(int(time.time()))

    first = await sent(client, "/webhooks/stripe", headers)
    again = await sent(client, "/webhooks/stripe", headers)

    assert (first.status, again.status) == (200, 200)
    assert first.body["runId"] == again.body["runId"]
    runs = await client.get(f"/orchestrations/{made['id']}/runs")
    assert runs.body["meta"]["total"] == 1


async def test_a_webhook_honors_idempotency_keys(client: CentraliClient) -> None:
    made = await client.create(hooked(path="stripe"))

    first = await sent(client, "/webhooks/stripe", {"Idempotency-Key": "k"})
    again = await sent(client, "/webhooks/stripe", {"Idempotency-Key": "k"})
    other = await sent(client, "/webhooks/stripe", {"Idempotency-Key": "k"}, body=b"{}")

    assert first.body == again.body
    assert other.status == 422
    runs = await client.get(f"/orchestrations/{made['id']}/runs")
    assert runs.body["meta"]["total"] == 1


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"[1]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"a=1", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_a_body_must_be_an_object(
    client: CentraliClient, body: bytes, content_type: str, status: int
) -> None:
    await client.create(hooked(path="stripe"))

    answer = await sent(client, "/webhooks/stripe", {"Content-Type": content_type}, body=body)

    assert answer.status == status


async def test_only_webhooks_can_be_called(client: CentraliClient) -> None:
    plain = await client.create({**hooked("plain"), "trigger": {"type": "on-demand"}})
    gone = await client.create(hooked("gone", path="gone"))
    paused = await client.create(hooked("paused", path="paused"))
    await client.delete(f"/orchestrations/{gone['id']}")
    change = {"status": "paused", "isActive": False}
    await client.put(f"/orchestrations/{paused['id']}", change)

    statuses = [
        (await sent(client, path)).status
        for path in (
            f"/orchestrations/{plain['id']}/webhook",
            f"/orchestrations/{gone['id']}/webhook",
            "/webhooks/gone",
            "/webhooks/nowhere",
            "/orchestrations/nowhere/webhook",
            "/webhooks/paused",
        )
    ]

    assert statuses == [404, 404, 404, 404, 404, 409]
