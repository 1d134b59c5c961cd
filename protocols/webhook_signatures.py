"""Verifies that an incoming webhook was signed with the shared secret.

Four forms are recognized, in this order: Standard Webhooks, `X-Signature` (or the configured
header), Stripe's `Stripe-Signature: t=…,v1=…`, and GitHub's `X-Hub-Signature-256`. A header's value
may be Stripe's form, or the hexadecimal HMAC-SHA256 of the raw body, with or without `sha256=`.
"""

from dataclasses import dataclass

from multidict import CIMultiDictProxy

from baton.protocols import standard_webhooks
from baton.protocols.hmac_sha256 import is_recent, mac, matches_any

DEFAULT_HEADER = "X-Signature"
_STRIPE = "Stripe-Signature"
_GITHUB = "X-Hub-Signature-256"
_STANDARD = (standard_webhooks.ID, standard_webhooks.TIMESTAMP, standard_webhooks.SIGNATURE)
_MAX_ID = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """A webhook as it was received.

    `received_at` is in ms since the epoch, `signature_header` the name of the configured header.
    """

    headers: CIMultiDictProxy[str]
    body: bytes
    received_at: int
    signature_header: str | None = None


def is_signed(request: WebhookRequest, secret: str) -> bool:
    """Return whether the request carries a valid signature by `secret`; False without a secret.

    Only the first form that the request has is checked.
    """
    if not secret:
        return False
    if all(name in request.headers for name in _STANDARD):
        return _is_standard(request, secret)
    header = request.signature_header or DEFAULT_HEADER
    for name in dict.fromkeys((header, _STRIPE, _GITHUB)):
        value = _single(request.headers, name)
        if value is not None:
            return _is_valid(request, secret, value)
    return False


def delivery_id(headers: CIMultiDictProxy[str]) -> str | None:
    """Return the sender's id of the delivery (`webhook-id`), the same for each redelivery."""
    value = _single(headers, standard_webhooks.ID)
    return value if value and len(value) <= _MAX_ID and value.isprintable() else None


def _is_valid(request: WebhookRequest, secret: str, value: str) -> bool:
    if parts := _stripe_parts(value):
        return _is_stripe(request, secret, *parts)
    signature = value.strip().lower().removeprefix("sha256=")
    return matches_any([signature], mac(secret.encode(), request.body).hex())


def _is_standard(request: WebhookRequest, secret: str) -> bool:
    parts = (_single(request.headers, name) or "" for name in _STANDARD)
    return standard_webhooks.is_valid(
        *parts, body=request.body, secret=secret, now_ms=request.received_at
    )


def _stripe_parts(value: str) -> tuple[str, list[str]] | None:
    """Return the timestamp and the v1 signatures of `t=…,v1=…`, None for another form."""
    parts = [part.strip().partition("=") for part in value.split(",")]
    times = [text for name, _, text in parts if name == "t"]
    signatures = [text for name, _, text in parts if name == "v1"]
    return (times[0], signatures) if len(times) == 1 and signatures else None


def _is_stripe(request: WebhookRequest, secret: str, timestamp: str, signatures: list[str]) -> bool:
    if not is_recent(timestamp, request.received_at):
        return False
    expected = mac(secret.encode(), f"{timestamp}.".encode() + request.body).hex()
    return matches_any([one.lower() for one in signatures], expected)


def _single(headers: CIMultiDictProxy[str], name: str) -> str | None:
    """Return a header's value, None when it is missing or repeated."""
    values = headers.getall(name, [])
    return values[0] if len(values) == 1 else None
