"""Signatures of requests that Baton sends: Standard Webhooks 1.0, HMAC-SHA256.

github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

import binascii
from base64 import b64decode, b64encode
from hashlib import sha256
from hmac import digest

_PREFIX = "whsec_"


def signed_headers(secret: str, message_id: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers that sign exactly `body`; `at` in milliseconds since the epoch, UTC.

    `message_id` stays the same over retries and must hold no dot, the separator of what is signed.
    """
    timestamp = str(at // 1_000)
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    signature = b64encode(digest(key_of(secret), content, sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


def key_of(secret: str) -> bytes:
    """Return the key bytes: base64 after `whsec_`, else the text's UTF-8."""
    if secret.startswith(_PREFIX):
        try:
            return b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()
