"""Ids that are derived from the things that they name: 20 characters of `[0-9a-v]`."""

from hashlib import sha256
from uuid import NAMESPACE_URL, uuid5

_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]


def id_text(raw: bytes) -> str:
    """Return 12 bytes in base32hex: 20 characters that sort in the order of the bytes."""
    # Ten pairs of 10 bits, written out because a loop over them takes three times as long.
    n = int.from_bytes(raw, "big") << 4
    return (
        f"{_PAIRS[n >> 90]}{_PAIRS[n >> 80 & 1023]}{_PAIRS[n >> 70 & 1023]}{_PAIRS[n >> 60 & 1023]}"
        f"{_PAIRS[n >> 50 & 1023]}{_PAIRS[n >> 40 & 1023]}{_PAIRS[n >> 30 & 1023]}"
        f"{_PAIRS[n >> 20 & 1023]}{_PAIRS[n >> 10 & 1023]}{_PAIRS[n & 1023]}"
    )


def derived_id(*parts: str) -> str:
    """Return an id that depends only on `parts`, so that a repeated cause names the same thing."""
    return id_text(sha256("\x1f".join(parts).encode()).digest()[:12])


def function_uuid(name: str) -> str:
    """Return the UUID of a function that declares none: a UUIDv5 in the URL namespace."""
    return str(uuid5(NAMESPACE_URL, f"baton:function:{name}"))
