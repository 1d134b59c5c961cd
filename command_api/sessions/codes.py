"""Codes that open one session each: a page is opened by a link without a token in its address."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

LIFETIME_MS: Final = 10 * 60_000
CODE_BYTES: Final = 16
MAX_CODES: Final = 1_000
"""Codes that are kept; a further one takes the place of the oldest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCode:
    """A code, and when it ends, in ms since the epoch."""

    code: str = field(repr=False)
    expires_at: int


@dataclass(frozen=True, slots=True)
class _Kept:
    credential: str = field(repr=False)
    expires_at: int


class OneTimeCodes:
    """The codes of one process, by their hashes; they end with it.

    Args:
        now: Returns ms since the epoch.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._kept: dict[bytes, _Kept] = {}

    def make(self, credential: str) -> NewCode:
        """Return a new code for a session of a token or a key."""
        while len(self._kept) >= MAX_CODES:
            del self._kept[next(iter(self._kept))]
        code, expires_at = secrets.token_urlsafe(CODE_BYTES), self._now() + LIFETIME_MS
        self._kept[_hash(code)] = _Kept(credential, expires_at)
        return NewCode(code=code, expires_at=expires_at)

    def redeem(self, code: str) -> str | None:
        """Return the token or key of a code, which isn't valid any more then; None for no code."""
        kept = self._kept.pop(_hash(code), None)
        return None if kept is None or self._now() >= kept.expires_at else kept.credential


def _hash(code: str) -> bytes:
    return sha256(code.encode("utf-8", "surrogatepass")).digest()
