"""Signatures of webhooks: Standard Webhooks is signed and verified, the other forms verified."""

import hashlib
import hmac

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from baton.protocols.hmac_sha256 import TOLERANCE_S
from baton.protocols.standard_webhooks import signed_headers
from baton.protocols.webhook_signatures import (
    Delivery,
    WebhookRequest,
    signed_delivery,
    unsigned_delivery,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
SENT_AT = 1_614_265_330
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(SENT_AT),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
"""The example that the reference implementations of Standard Webhooks are tested with."""


def signed(
    headers: dict[str, str], *, late_s: int = 0, body: bytes = BODY, header: str | None = None
) -> bool:
    """Return whether a request with these headers is signed, `late_s` after it was sent."""
    request = WebhookRequest(
        headers=CIMultiDictProxy(CIMultiDict(headers)),
        body=body,
        received_at=(SENT_AT + late_s) * 1_000,
        signature_header=header,
    )
    return signed_delivery(request, SECRET) is not None


def hex_mac(content: bytes = BODY) -> str:
    return hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()


def stripe() -> str:
    return f"t={SENT_AT},v1={hex_mac(f'{SENT_AT}.'.encode() + BODY)},v0=old"


def test_a_request_is_signed_as_the_published_example() -> None:
    message_id = HEADERS["webhook-id"]

    assert signed_headers(SECRET, message_id, SENT_AT * 1_000, BODY) == HEADERS
    assert signed(HEADERS)


@pytest.mark.parametrize("secret", ["plain text", "whsec_not base64", "whsec_bm90IGJhc2U2NA=="])
def test_a_signed_request_is_verified_with_the_same_secret_only(secret: str) -> None:
    headers = CIMultiDict(signed_headers(secret, "m", SENT_AT * 1_000, BODY))
    request = WebhookRequest(
        headers=CIMultiDictProxy(headers), body=BODY, received_at=SENT_AT * 1_000
    )

    assert signed_delivery(request, secret) is not None
    assert signed_delivery(request, secret + "x") is None
    assert signed_delivery(request, "") is None


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Signature": hex_mac()},
        {"X-Signature": f"sha256={hex_mac().upper()}"},
        {"X-Hub-Signature-256": f"sha256={hex_mac()}"},
        {"Stripe-Signature": stripe()},
        {"X-Signature": stripe()},
        HEADERS | {"webhook-signature": f"v1a,x v1,b2xk {HEADERS['webhook-signature']}"},
    ],
)
def test_every_form_is_recognized_and_covers_the_body(headers: dict[str, str]) -> None:
    assert signed(headers)
    assert not signed(headers, body=BODY + b" ")


def test_a_configured_header_replaces_the_default_one() -> None:
    assert signed({"X-Own": hex_mac()}, header="X-Own")
    assert not signed({"X-Signature": hex_mac()}, header="X-Own")


@pytest.mark.parametrize("headers", [HEADERS, {"Stripe-Signature": stripe()}])
def test_a_signed_time_may_be_off_by_the_tolerance_only(headers: dict[str, str]) -> None:
    for late_s in (-TOLERANCE_S, TOLERANCE_S):
        assert signed(headers, late_s=late_s)
    for late_s in (-TOLERANCE_S - 1, TOLERANCE_S + 1):
        assert not signed(headers, late_s=late_s)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Signature": ""},
        {"X-Signature": "ü" * 64},
        HEADERS | {"webhook-id": ""},
        HEADERS | {"webhook-id": "msg.p5jXN8AQM9LWM0D4loKWxJek"},
        HEADERS | {"webhook-timestamp": "now"},
        HEADERS | {"webhook-signature": " ".join(["v1,x"] * 20 + [HEADERS["webhook-signature"]])},
        {"Stripe-Signature": stripe().replace("t=", "t=,t=")},
    ],
)
def test_any_other_request_is_not_signed(headers: dict[str, str]) -> None:
    assert not signed(headers)


def test_a_delivery_is_identified_by_its_webhook_id() -> None:
    def ident(*ids: str) -> Delivery | None:
        headers = CIMultiDict(("webhook-id", one) for one in ids)
        return unsigned_delivery(CIMultiDictProxy(headers))

    assert ident("msg_1") == Delivery("msg_1")
    assert [ident(), ident("a", "b"), ident("x" * 256), ident("a\tb"), ident("")] == [None] * 5


def delivery(**headers: str) -> Delivery | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = WebhookRequest(
        headers=CIMultiDictProxy(CIMultiDict(named)), body=BODY, received_at=SENT_AT * 1_000
    )
    return signed_delivery(request, SECRET)


def test_a_replay_with_other_unsigned_headers_is_the_same_delivery() -> None:
    once = delivery(Stripe_Signature=stripe())
    assert once is not None
    assert (
        delivery(
            Stripe_Signature=stripe().upper().replace("T=", "t=").replace("V1", "v1"),
            webhook_id="new",
            X_GitHub_Delivery="new",
        )
        == once
    )

    plain = delivery(X_Signature=hex_mac())
    assert plain is not None
    assert not plain.lasting
    assert delivery(X_Signature=f"sha256={hex_mac().upper()}", webhook_id="new") == plain
    assert hex_mac() not in plain.key


def test_a_delivery_of_github_is_identified_by_its_delivery_id() -> None:
    signature = f"sha256={hex_mac()}"

    first = delivery(X_Hub_Signature_256=signature, X_GitHub_Delivery="a-1")

    assert first == delivery(X_Hub_Signature_256=signature, X_GitHub_Delivery="a-1")
    assert first != delivery(X_Hub_Signature_256=signature, X_GitHub_Delivery="a-2")
    without = delivery(X_Hub_Signature_256=signature)
    assert without is not None
    assert not without.lasting
