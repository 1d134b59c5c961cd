"""The text of an API key: `baton_{tenant}_{id}_{secret}{checksum}`.

- `baton_` makes a key recognizable, to people and to programs that search for leaked secrets.
- Tenant and id name the stored key, so that it is found without a search.
- The secret is 256 random bits in base62, 43 characters.
- The checksum is the CRC-32 of the text before it in base62, 6 characters: a mistyped or invented
  key is refused without a read of the store. It protects nothing else.

Only the SHA-256 of the text is stored. The slow, salted hash that a password needs would add
nothing here: 2^256 secrets can't be tried, and there is no table of their hashes.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from zlib import crc32

PREFIX: Final = "baton_"
"""The beginning of every key; no JSON Web Token begins with it."""
SECRET_BYTES: Final = 32
MAX_LENGTH: Final = 6 + 63 + 1 + 20 + 1 + 49
"""The length of a key of a tenant with the longest name."""

_KEY: Final = re.compile(
    r"baton_(?P<tenant>[a-z0-9][a-z0-9-]{0,62})_(?P<id>[0-9a-v]{20})_[0-9A-Za-z]{43}"
    r"(?P<checksum>[0-9A-Za-z]{6})",
    re.ASCII,
)
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LENGTH: Final = 43
_CHECKSUM_LENGTH: Final = 6


@dataclass(frozen=True, slots=True)
class KeyName:
    """The tenant and the id of the stored key that a text claims to be."""

    tenant: str
    key_id: str


def make_key(tenant: str, key_id: str, secret: bytes) -> str:
    """Return the text of a key.

    Args:
        tenant: The tenant, in the form of a slug.
        key_id: The key's id, an xid.
        secret: `SECRET_BYTES` random bytes from a cryptographic source.
    """
    number = int.from_bytes(secret, "big")
    body = f"{PREFIX}{tenant}_{key_id}_{_base62(number, _SECRET_LENGTH)}"
    return body + _checksum(body)


def parse_key(text: str) -> KeyName | None:
    """Return the tenant and id in the text of a key, None if it isn't the text of a key."""
    match = _KEY.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None or _checksum(text[:-_CHECKSUM_LENGTH]) != match["checksum"]:
        return None
    return KeyName(match["tenant"], match["id"])


def hash_key(text: str) -> str:
    """Return the stored form of a key: its SHA-256 in lowercase hex."""
    return sha256(text.encode()).hexdigest()


def _checksum(body: str) -> str:
    return _base62(crc32(body.encode()), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, rest = divmod(number, len(_DIGITS))
        digits = _DIGITS[rest] + digits
    return digits
