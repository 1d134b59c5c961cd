"""Signs and verifies requests by Standard Webhooks 1.0: HMAC-SHA256 over id, timestamp and body.

github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable

from baton.protocols.hmac_sha256 import is_recent, mac, matches_any

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"

_SECRET_PREFIX = "whsec_"  # noqa: S105 - the published prefix of such secrets, not one of them
_VERSION = "v1,"
MIN_KEY_BYTES = 16
"""The least number of bytes of a signing secret; a shorter one could be guessed."""
MAX_SECRET = 1_000
"""The longest signing secret in characters."""


def signed_headers(secret: str, message_id: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers that sign exactly `body`.

    Args:
        secret: `whsec_` and base64, or any other text.
        message_id: Stays the same over retries; must not contain a dot, which separates the signed
            parts.
        at: Milliseconds since the epoch, UTC.
    """
    return headers_signed_by((secret,), message_id, at, body)


def headers_signed_by(
    secrets: Iterable[str], message_id: str, at: int, body: bytes
) -> dict[str, str]:
    """Return the headers that sign exactly `body` with each of `secrets`.

    A receiver accepts one valid signature, so two secrets allow it to change from one secret to the
    other at any time in between. The arguments are those of `signed_headers`.
    """
    timestamp = str(at // 1_000)
    signatures = [_VERSION + _signature(secret, message_id, timestamp, body) for secret in secrets]
    return {ID: message_id, TIMESTAMP: timestamp, SIGNATURE: " ".join(signatures)}


def is_valid(
    message_id: str, timestamp: str, signatures: str, *, body: bytes, secret: str, now_ms: int
) -> bool:
    """Return whether one of the space-separated `signatures` was made with `secret`, recently.

    An id with a dot is refused: it would allow the signed parts to be split elsewhere.
    """
    if not message_id or "." in message_id or not is_recent(timestamp, now_ms):
        return False
    versioned = [
        signature.removeprefix(_VERSION)
        for signature in signatures.split(" ")
        if signature[:3] == _VERSION
    ]
    return matches_any(versioned, _signature(secret, message_id, timestamp, body))


def _signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    content = f"{message_id}.{timestamp}.".encode() + body
    return b64encode(mac(key_bytes(secret), content)).decode()


def secret_fault(secret: str) -> str | None:
    """Return why a text can't be the signing secret of a webhook, None if it can."""
    if len(secret) <= MAX_SECRET and len(key_bytes(secret)) >= MIN_KEY_BYTES:
        return None
    return (
        f"must have at least {MIN_KEY_BYTES} bytes, after whsec_ in base64, and at most"
        f" {MAX_SECRET} characters"
    )


def key_bytes(secret: str) -> bytes:
    """Return the key bytes: base64 after `whsec_`, else the text's UTF-8."""
    if secret.startswith(_SECRET_PREFIX):
        try:
            return b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()
