"""Incoming webhooks: each form of signature, its age limit, and repeated deliveries."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from baton.command_api.commands.versions import disable_version
from baton.command_api.dialect.webhook import REPLAY_MS
from baton.command_api.principal import Principal
from baton.domain.actor import Actor
from baton.domain.definition.messages import DefinitionCreated, DefinitionUpdated
from baton.domain.definition.trigger import WebhookTrigger
from baton.domain.run.messages.run_events import RunRequested
from baton.domain.run.trigger import ByWebhook
from tests.api.running import running
from tests.kit.clock import ManualClock
from tests.kit.stack import RunningServer

ACME = "/tiny/acme/v1"
SECRET = "a shared secret of 16 bytes"
BODY = b'{"amount":  1}'
JSON = {"Content-Type": "application/json"}


def mac(signed: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def now(offset: int = 0) -> str:
    return str(int(time.time()) + offset)


def plain(body: bytes = BODY, secret: str = SECRET) -> dict[str, str]:
    return {"X-Signature": mac(body, secret)}


def github(body: bytes = BODY) -> dict[str, str]:
    return {"X-Hub-Signature-256": f"sha256={mac(body)}"}


def stripe(body: bytes = BODY, offset: int = 0, more: str = "") -> dict[str, str]:
    at = now(offset)
    signature = mac(f"{at}.".encode() + body)
    return {"Stripe-Signature": f"t={at},v1={signature},v0=old{more}"}


def standard(
    body: bytes = BODY, offset: int = 0, ident: str = "msg_1", extra: str = ""
) -> dict[str, str]:
    at = now(offset)
    digest = hmac.new(SECRET.encode(), f"{ident}.{at}.".encode() + body, hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode()
    return {
        "webhook-id": ident,
        "webhook-timestamp": at,
        "webhook-signature": f"{extra}v1,{signature}",
    }


async def hook(server: RunningServer, **more: object) -> str:
    hook_body = {
        "path": "/webhooks/in/orders",
        "secret": SECRET,
        "validate_signature": True,
        **more,
    }
    answer = await server.post(f"{ACME}/definitions", {"slug": "orders", "hook": hook_body})
    assert answer.status == 201, answer.raw
    return str(answer.body["id"])


async def deliver(server: RunningServer, headers: dict[str, str], body: bytes = BODY):
    return await server.call(
        "POST", f"{ACME}/hooks/in/orders", data=body, headers={**JSON, **headers}, anonymous=True
    )


async def started(server: RunningServer) -> list[RunRequested]:
    return [event for event in await server.stored() if isinstance(event, RunRequested)]


GOOD: dict[str, Callable[[], dict[str, str]]] = {
    "hex": plain,
    "hex in capitals": lambda: {"X-Signature": mac(BODY).upper()},
    "hex with a prefix": lambda: {"X-Signature": f"sha256={mac(BODY)}"},
    "github": github,
    "stripe": stripe,
    "stripe in the default header": lambda: {"X-Signature": stripe()["Stripe-Signature"]},
    "stripe with two signatures": lambda: stripe(more=f",v1={'0' * 64}"),
    "stripe, 299 s old": lambda: stripe(offset=-299),
    "standard": standard,
    "standard with several": lambda: standard(extra="v1,bm90 v1a,ZWQ= "),
}


@pytest.mark.parametrize("form", GOOD)
async def test_a_signed_delivery_starts_a_run(server: RunningServer, form: str):
    await hook(server)

    answer = await deliver(server, GOOD[form]())

    assert answer.status == 200, answer.raw
    (run,) = await started(server)
    assert (run.run_id, run.input) == (answer.body["runId"], {"amount": 1})
    assert run.trigger == ByWebhook(path="/webhooks/in/orders")
    assert run.actor == Actor("webhook", "webhook")


BAD: dict[str, Callable[[], dict[str, str]]] = {
    "none": dict,
    "empty": lambda: {"X-Signature": ""},
    "another secret": lambda: plain(secret="other"),
    "an empty secret": lambda: plain(secret=""),
    "a reformatted body": lambda: plain(body=b'{"amount":1}'),
    "not ASCII": lambda: {"X-Signature": "é" * 64},
    "cut": lambda: {"X-Signature": mac(BODY)[:63]},
    "stripe, 301 s old": lambda: stripe(offset=-302),
    "stripe, 301 s ahead": lambda: stripe(offset=302),
    "stripe without time": lambda: {"Stripe-Signature": f"v1={mac(BODY)}"},
    "stripe, no number": lambda: {"Stripe-Signature": f"t=1e9,v1={mac(b'1e9.' + BODY)}"},
    "stripe, long number": lambda: {"Stripe-Signature": f"t={'9' * 400},v1={mac(BODY)}"},
    "stripe, a crowd": lambda: stripe(more=",v1=0" * 100),
    "standard, 301 s old": lambda: standard(offset=-302),
    "standard, another id": lambda: {**standard(), "webhook-id": "msg_2"},
    "standard, cut elsewhere": lambda: standard(ident="msg.1"),
    "standard, only asymmetric": lambda: {**standard(), "webhook-signature": "v1a,ZWQ="},
    "standard beside a good hex": lambda: {**standard(offset=-900), **plain()},
}


@pytest.mark.parametrize("form", BAD)
async def test_any_other_signature_is_401_and_starts_no_run(server: RunningServer, form: str):
    await hook(server)

    answer = await deliver(server, BAD[form]())

    assert (answer.status, answer.body["tiny_error"]) == (401, "unauthorized")
    assert await started(server) == []


async def test_the_signature_is_read_from_the_configured_header(server: RunningServer):
    await hook(server, header="X-Our-Mac")

    assert (await deliver(server, {"X-Our-Mac": mac(BODY)})).status == 200
    assert (await deliver(server, {"X-Signature": mac(BODY)})).status == 401


async def test_a_standard_secret_is_base64_behind_its_prefix(server: RunningServer):
    key = b"0123456789abcdef0123456789abcdef"
    await hook(server, secret="whsec_" + base64.b64encode(key).decode())
    at = now()
    digest = hmac.new(key, f"m.{at}.".encode() + BODY, hashlib.sha256).digest()
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": at,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }

    assert (await deliver(server, headers)).status == 200


async def test_a_repeated_delivery_answers_the_same_run(server: RunningServer):
    await hook(server)

    first = await deliver(server, standard())
    again = await deliver(server, standard(offset=-1))
    other = await deliver(server, standard(ident="msg_2"))

    assert first.body["runId"] == again.body["runId"] != other.body["runId"]
    assert len(await started(server)) == 2


@pytest.mark.parametrize("form", [plain, github, stripe, standard])
async def test_a_delivery_replayed_byte_for_byte_answers_the_first_run(
    server: RunningServer, form: Callable[[], dict[str, str]]
):
    await hook(server)
    headers = {**form(), "X-GitHub-Delivery": "d-1"}

    answers = [await deliver(server, headers) for _ in range(3)]

    assert [answer.status for answer in answers] == [200] * 3
    assert len({answer.body["runId"] for answer in answers}) == len(await started(server)) == 1


async def test_unsigned_headers_do_not_make_a_replay_another_delivery(server: RunningServer):
    await hook(server)
    captured = stripe()

    first = await deliver(server, captured)
    replayed = await deliver(server, {**captured, "webhook-id": "new", "X-GitHub-Delivery": "new"})

    assert first.body["runId"] == replayed.body["runId"]


async def test_the_same_body_is_another_delivery_after_twice_the_tolerance(tmp_path: Path):
    clock = ManualClock(1_800_000_300_000)
    async with running(tmp_path, clock=clock) as server:
        await hook(server)
        first = await deliver(server, plain())
        await clock.advance(REPLAY_MS - 1)
        again = await deliver(server, plain())
        await clock.advance(1)
        later = await deliver(server, plain())

    assert first.body["runId"] == again.body["runId"] != later.body["runId"]


@pytest.mark.parametrize("secret", ["x", "x" * 15, "whsec_", "whsec_AA==", "ä" * 7])
async def test_a_secret_of_fewer_than_16_bytes_is_400(server: RunningServer, secret: str):
    hook_body = {"path": "p", "secret": secret, "validate_signature": True}
    answer = await server.post(f"{ACME}/definitions", {"slug": "orders", "hook": hook_body})

    assert answer.status == 400


async def secret_in_use(server: RunningServer) -> str:
    *_, body = [
        event.body
        for event in await server.stored()
        if isinstance(event, (DefinitionCreated, DefinitionUpdated))
    ]
    assert isinstance(body.trigger, WebhookTrigger)
    assert body.trigger.secret_id is not None
    return body.trigger.secret_id


async def test_a_secret_is_erased_with_the_event_that_ends_its_use(server: RunningServer):
    ident = await hook(server)
    seen: list[str] = []
    for secret in ("the second secret, long", None):
        seen.append(await secret_in_use(server))
        hook_body = {"path": "/webhooks/in/orders", "secret": secret, "validate_signature": True}
        await server.call(
            "PUT", f"{ACME}/definitions/{ident}", json={"slug": "orders", "hook": hook_body}
        )

    assert [await server.services.secrets.get("acme", one) for one in seen] == [
        None,
        "the second secret, long",
    ]
    await server.call("DELETE", f"{ACME}/definitions/{ident}")
    assert await server.services.secrets.get("acme", seen[1]) is None


async def test_the_secret_stays_when_the_version_that_brought_it_is_disabled(
    server: RunningServer,
):
    ident = await hook(server)
    hook_body = {"path": "/webhooks/in/orders", "secret": "2" * 16, "validate_signature": True}
    put = {"slug": "orders", "hook": hook_body}
    await server.call("PUT", f"{ACME}/definitions/{ident}", json=put)
    ann = Principal(subject="ann", tenant="acme")

    disabled = await disable_version(server.services, ann, ident, 2, at=10)
    assert await server.services.reached(disabled.position, 5_000)

    assert disabled.state.version == 1
    assert (await deliver(server, plain(secret="2" * 16))).status == 200
    assert (await deliver(server, plain())).status == 401


async def test_without_a_secret_every_call_is_401_until_one_is_set(server: RunningServer):
    ident = await hook(server, secret=None)
    assert (await deliver(server, plain())).status == 401
    assert (await deliver(server, plain(secret=""))).status == 401

    hook_body = {"path": "/webhooks/in/orders", "secret": SECRET, "validate_signature": True}
    await server.call(
        "PUT", f"{ACME}/definitions/{ident}", json={"slug": "orders", "hook": hook_body}
    )
    assert (await deliver(server, plain())).status == 200

    # An update without the secret keeps it.
    del hook_body["secret"]
    changed = {"slug": "orders", "name": "Changed", "hook": hook_body}
    await server.call("PUT", f"{ACME}/definitions/{ident}", json=changed)
    assert (await deliver(server, plain())).status == 200


async def test_an_idempotency_key_does_not_replace_the_signature(server: RunningServer):
    await hook(server)
    key = {"Idempotency-Key": "k"}

    first = await deliver(server, {**plain(), **key})
    again = await deliver(server, {**plain(), **key})
    forged = await deliver(server, key)
    other = await deliver(server, {**plain(b"{}"), **key}, body=b"{}")

    assert first.raw == again.raw
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (forged.status, other.status) == (401, 422)
    # A stranger's keys are not the tenant's.
    assert (await server.post(f"{ACME}/echo", {}, headers=key)).status == 200


async def test_an_open_webhook_accepts_an_object_or_no_body(server: RunningServer):
    await hook(server, validate_signature=False, secret=None)

    nothing = await server.call("POST", f"{ACME}/hooks/in/orders", anonymous=True)
    assert nothing.status == 200
    assert (await deliver(server, {}, body=b"[]")).status == 400
    assert (await deliver(server, {"Content-Type": "text/plain"})).status == 415
    assert [run.input for run in await started(server)] == [{}]


@pytest.mark.parametrize("path", ["in", "in/orders/x", "In/Orders", "in%2Forders%00", "x" * 500])
async def test_another_path_is_404(server: RunningServer, path: str):
    await hook(server)

    answer = await server.call("POST", f"{ACME}/hooks/{path}", headers=plain(), data=BODY)

    assert answer.status == 404


@pytest.mark.parametrize("tenant", ["umbra", "ACME", "a%2Fb", "x" * 64, "%00"])
async def test_a_path_is_matched_within_its_tenant(server: RunningServer, tenant: str):
    await hook(server)

    answer = await server.call("POST", f"/tiny/{tenant}/v1/hooks/in/orders", anonymous=True)

    assert answer.status == 404


async def test_a_paused_webhook_is_409_and_a_deleted_one_404(server: RunningServer):
    ident = await hook(server)
    hook_body = {"path": "in/orders", "validate_signature": True}
    await server.call(
        "PUT",
        f"{ACME}/definitions/{ident}",
        json={"slug": "orders", "status": "paused", "hook": hook_body},
    )
    assert (await deliver(server, plain())).status == 409

    await server.call("DELETE", f"{ACME}/definitions/{ident}")
    assert (await deliver(server, plain())).status == 404
