"""Codes that open one session each: a page is opened by a link without a token in its address.

A code is valid at every process of an installation: it is stored among the idempotency keys of the
shared store, which expire by themselves. The store has the hash of the code, and the credential
encrypted with the code, so the credential can't be read without the code.
"""

import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from baton.eventlog.ports.keys import IdempotencyKeys, StoredResponse
from baton.eventlog.secret_cipher import Sealed, SecretCipher

LIFETIME_MS: Final = 10 * 60_000
CODE_BYTES: Final = 16
_PURPOSE: Final = b"baton ui code v1"
_NO_TENANT: Final = ""
_MADE: Final = "made"
_SEPARATOR: Final = "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCode:
    """A code, and when it ends, in ms since the epoch."""

    code: str = field(repr=False)
    expires_at: int


async def make_code(keys: IdempotencyKeys, credential: str, *, at: int) -> NewCode:
    """Return a new code for a session of a token or a key, made at `at` (ms since the epoch)."""
    code, expires_at = secrets.token_urlsafe(CODE_BYTES), at + LIFETIME_MS
    name, text = _name(code), f"{expires_at}{_SEPARATOR}{credential}"
    sealed = _cipher(code).seal(_NO_TENANT, name, text)
    await keys.claim(_NO_TENANT, name, fingerprint=_MADE, at=at)
    kept = StoredResponse(status=201, headers=(), body=sealed.encrypted)
    await keys.complete(_NO_TENANT, name, response=kept)
    return NewCode(code=code, expires_at=expires_at)


async def redeem_code(keys: IdempotencyKeys, code: str, *, at: int) -> str | None:
    """End a code and return its token or key; None if the code isn't valid."""
    name = _name(code)
    made = await keys.claim(_NO_TENANT, name, fingerprint=_MADE, at=at)
    if made.response is None:
        if made.outcome == "claimed":
            await keys.release(_NO_TENANT, name)
        return None
    cipher = _cipher(code)
    text = cipher.open(_NO_TENANT, name, Sealed(cipher.key_id, made.response.body))
    expires_at, credential = text.split(_SEPARATOR, 1)
    return credential if at < int(expires_at) and await _is_first(keys, name, at) else None


async def _is_first(keys: IdempotencyKeys, name: str, at: int) -> bool:
    """Return whether this is the first redemption: each has its own fingerprint."""
    mine = secrets.token_hex(CODE_BYTES)
    claim = await keys.claim(_NO_TENANT, f"{name} used", fingerprint=mine, at=at)
    return claim.outcome == "claimed"


def _name(code: str) -> str:
    return f"ui code {sha256(code.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _cipher(code: str) -> SecretCipher:
    return SecretCipher((code.encode(),), _PURPOSE)
