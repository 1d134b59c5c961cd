"""Whether a webhook that came in was signed with the shared secret: HMAC-SHA256 over raw bytes.

Four forms are recognised, in this order: Standard Webhooks (`webhook-id`, `webhook-timestamp`,
`webhook-signature`; standardwebhooks.com 1.0), Stripe's `t=…,v1=…`, GitHub's
`X-Hub-Signature-256`, and plain hex, with or without `sha256=`, in `X-Signature` or the configured
header. Where a time is signed it may be 300 s off. Nothing about the comparison is told.
"""

import base64
import binascii
import hmac
import re
from dataclasses import dataclass

from multidict import CIMultiDictProxy

TOLERANCE_S = 300
DEFAULT_HEADER = "X-Signature"
_GITHUB = "X-Hub-Signature-256"
_STRIPE = "Stripe-Signature"
_STANDARD = ("webhook-id", "webhook-timestamp", "webhook-signature")
_SECRET_PREFIX = "whsec_"  # noqa: S105 - the published prefix of such secrets, not one of them
_SECONDS = re.compile(r"[0-9]{1,11}", re.ASCII)
_MAX_SIGNATURES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came in; `header` is the configured signature header, `at` now in ms."""

    headers: CIMultiDictProxy[str]
    body: bytes
    at: int
    header: str | None = None


def is_signed(delivery: Delivery, secret: str) -> bool:
    """Whether one signature of the delivery was made with `secret`, in time."""
    if not secret:
        return False
    if all(name in delivery.headers for name in _STANDARD):
        return _standard(delivery, secret)
    header = delivery.header or DEFAULT_HEADER
    for name in dict.fromkeys((header, _STRIPE, _GITHUB)):
        value = _only(delivery.headers, name)
        if value is not None:
            stripe = _stripe_parts(value)
            return _stripe(delivery, secret, *stripe) if stripe else _hex(delivery, secret, value)
    return False


def delivery_id(headers: CIMultiDictProxy[str]) -> str | None:
    """Return the sender's id of the delivery (`webhook-id`), the same in every repetition."""
    value = _only(headers, _STANDARD[0])
    return value if value and len(value) <= 255 and value.isprintable() else None  # noqa: PLR2004


def _standard(delivery: Delivery, secret: str) -> bool:
    ident, sent_at, signatures = (_only(delivery.headers, name) or "" for name in _STANDARD)
    # The specification forbids the full stop: it would let the three signed parts be cut elsewhere.
    if not ident or "." in ident or not _in_time(sent_at, delivery.at):
        return False
    signed = f"{ident}.{sent_at}.".encode() + delivery.body
    expected = base64.b64encode(_mac(standard_key(secret), signed)).decode()
    given = [one.removeprefix("v1,") for one in signatures.split(" ") if one.startswith("v1,")]
    return _any_equal(given, expected)


def standard_key(secret: str) -> bytes:
    """Return the key bytes of a Standard Webhooks secret: base64 after `whsec_`, else UTF-8."""
    if secret.startswith(_SECRET_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def _stripe_parts(value: str) -> tuple[str, list[str]] | None:
    """Return the time and the v1 signatures of `t=…,v1=…`, None for another form."""
    parts = [part.strip().partition("=") for part in value.split(",")]
    times = [text for name, _, text in parts if name == "t"]
    given = [text for name, _, text in parts if name == "v1"]
    return (times[0], given) if len(times) == 1 and given else None


def _stripe(delivery: Delivery, secret: str, sent_at: str, given: list[str]) -> bool:
    if not _in_time(sent_at, delivery.at):
        return False
    expected = _mac(secret.encode(), f"{sent_at}.".encode() + delivery.body).hex()
    return _any_equal([one.lower() for one in given], expected)


def _hex(delivery: Delivery, secret: str, value: str) -> bool:
    given = value.strip().lower().removeprefix("sha256=")
    return _any_equal([given], _mac(secret.encode(), delivery.body).hex())


def _mac(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, signed, "sha256")


def _any_equal(given: list[str], expected: str) -> bool:
    """Compare in a time that does not depend on the contents; a crowd of signatures is none."""
    if len(given) > _MAX_SIGNATURES:
        return False
    wanted = expected.encode()
    matches = [hmac.compare_digest(one.encode("utf-8", "replace"), wanted) for one in given]
    return any(matches)


def _in_time(seconds: str, at: int) -> bool:
    if _SECONDS.fullmatch(seconds) is None:
        return False
    return abs(int(seconds) - at // 1000) <= TOLERANCE_S


def _only(headers: CIMultiDictProxy[str], name: str) -> str | None:
    values = headers.getall(name, [])
    return values[0] if len(values) == 1 else None
