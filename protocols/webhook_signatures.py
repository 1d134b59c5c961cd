"""Verifies that an incoming webhook was signed with the shared secret.

Four forms are recognized, in this order: Standard Webhooks, `X-Signature` (or the configured
header), Stripe's `Stripe-Signature: t=…,v1=…`, and GitHub's `X-Hub-Signature-256`. A header's value
may be Stripe's form, or the hexadecimal HMAC-SHA256 of the raw body, with or without `sha256=`.
"""

from dataclasses import dataclass
from hashlib import sha256

from multidict import CIMultiDictProxy

from baton.protocols import standard_webhooks
from baton.protocols.hmac_sha256 import is_recent, mac, matches_any

DEFAULT_HEADER = "X-Signature"
_STRIPE = "Stripe-Signature"
_GITHUB = "X-Hub-Signature-256"
_GITHUB_DELIVERY = "X-GitHub-Delivery"
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


@dataclass(frozen=True, slots=True)
class Delivery:
    """The identity of a delivery: repeated deliveries have the same `key`.

    `lasting` is False if the key depends only on the body, because the same event may happen again.
    """

    key: str
    lasting: bool = True


def signed_delivery(request: WebhookRequest, secret: str) -> Delivery | None:
    """Return the delivery if `secret` signed it, None otherwise and without a secret.

    Only the first form that the request has is checked. The identity consists of what the signature
    covers; GitHub's delivery id is the exception, because GitHub signs no time.
    """
    if not secret:
        return None
    if all(name in request.headers for name in _STANDARD):
        return _standard(request, secret)
    header = request.signature_header or DEFAULT_HEADER
    for name in dict.fromkeys((header, _STRIPE, _GITHUB)):
        value = _single(request.headers, name)
        if value is not None:
            return _signed(request, secret, value, by_github=name.lower() == _GITHUB.lower())
    return None


def unsigned_delivery(headers: CIMultiDictProxy[str]) -> Delivery | None:
    """Return the delivery that a request names, None if it names none."""
    key = _id(headers, standard_webhooks.ID) or _github_key(headers)
    return None if key is None else Delivery(key)


def _signed(
    request: WebhookRequest, secret: str, value: str, *, by_github: bool
) -> Delivery | None:
    if parts := _stripe_parts(value):
        return _stripe(request, secret, *parts)
    signature = value.strip().lower().removeprefix("sha256=")
    expected = mac(secret.encode(), request.body).hex()
    if not matches_any([signature], expected):
        return None
    key = _github_key(request.headers) if by_github else None
    return Delivery(_signature_key(expected), lasting=False) if key is None else Delivery(key)


def _standard(request: WebhookRequest, secret: str) -> Delivery | None:
    ident, at, signatures = (_single(request.headers, name) or "" for name in _STANDARD)
    valid = standard_webhooks.is_valid(
        ident, at, signatures, body=request.body, secret=secret, now_ms=request.received_at
    )
    if not valid:
        return None
    key = _id(request.headers, standard_webhooks.ID)
    return Delivery(key or f"webhook-id {sha256(ident.encode()).hexdigest()}")


def _signature_key(signature: str) -> str:
    # The hash prevents a valid signature from being written to the places that hold the key.
    return f"signature {sha256(signature.encode()).hexdigest()}"


def _github_key(headers: CIMultiDictProxy[str]) -> str | None:
    ident = _id(headers, _GITHUB_DELIVERY)
    return None if ident is None else f"github {ident}"


def _id(headers: CIMultiDictProxy[str], name: str) -> str | None:
    value = _single(headers, name)
    return value if value and len(value) <= _MAX_ID and value.isprintable() else None


def _stripe_parts(value: str) -> tuple[str, list[str]] | None:
    """Return the timestamp and the v1 signatures of `t=…,v1=…`, None for another form."""
    parts = [part.strip().partition("=") for part in value.split(",")]
    times = [text for name, _, text in parts if name == "t"]
    signatures = [text for name, _, text in parts if name == "v1"]
    return (times[0], signatures) if len(times) == 1 and signatures else None


def _stripe(
    request: WebhookRequest, secret: str, timestamp: str, signatures: list[str]
) -> Delivery | None:
    if not is_recent(timestamp, request.received_at):
        return None
    expected = mac(secret.encode(), f"{timestamp}.".encode() + request.body).hex()
    signed = matches_any([signature.lower() for signature in signatures], expected)
    return Delivery(_signature_key(f"{timestamp}.{expected}")) if signed else None


def _single(headers: CIMultiDictProxy[str], name: str) -> str | None:
    """Return a header's value, None when it is missing or repeated."""
    values = headers.getall(name, [])
    return values[0] if len(values) == 1 else None
