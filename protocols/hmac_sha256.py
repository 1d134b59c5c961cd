"""The parts that the checks of all HMAC-SHA256 webhook signatures share."""

import hmac
import re
from collections.abc import Sequence

TOLERANCE_S = 300
"""The largest difference of a signed timestamp from now, in seconds; it limits replays."""

_MAX_SIGNATURES = 20
_SECONDS = re.compile(r"[0-9]{1,11}", re.ASCII)


def mac(key: bytes, content: bytes) -> bytes:
    """Return the HMAC-SHA256 of `content`."""
    return hmac.digest(key, content, "sha256")


def matches_any(signatures: Sequence[str], expected: str) -> bool:
    """Return whether one of `signatures` equals `expected`.

    The comparison takes the same time wherever they differ. More than 20 signatures never match.
    """
    if len(signatures) > _MAX_SIGNATURES:
        return False
    expected_bytes = expected.encode()
    matches = [
        hmac.compare_digest(signature.encode("utf-8", "replace"), expected_bytes)
        for signature in signatures
    ]
    return any(matches)


def is_recent(timestamp: str, now_ms: int) -> bool:
    """Return whether `timestamp`, in decimal seconds since the epoch, is close enough to now."""
    if _SECONDS.fullmatch(timestamp) is None:
        return False
    return abs(int(timestamp) - now_ms // 1000) <= TOLERANCE_S
