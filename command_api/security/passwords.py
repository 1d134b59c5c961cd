"""Passwords of users, hashed with argon2id at the cost that RFC 9106 recommends.

One hash takes tens of milliseconds and 64 MiB. It runs in a thread, at most two at once, so that
sign-ins neither block the event loop nor exhaust the memory.
"""

import asyncio
import secrets
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 1_000
"""The number of characters of a password; a longer one is refused before it is hashed."""
AT_ONCE: Final = 2

_HASHER: Final = PasswordHasher()


class Passwords:
    """Hashes and verifies passwords, in their composed form (Unicode NFC)."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """Return the argon2id hash of a password, in its standard text form."""
        async with self._turns:
            return await asyncio.to_thread(_HASHER.hash, _composed(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Return whether the password has this hash.

        Without a hash, because the user doesn't exist, the result is False after the same time, so
        that the response time doesn't reveal names.
        """
        if not is_acceptable(password):
            return False
        if password_hash is None:
            self._decoy = self._decoy or await self.hash(secrets.token_urlsafe())
        async with self._turns:
            expected = password_hash or self._decoy or ""
            matches = await asyncio.to_thread(_matches, expected, _composed(password))
        return matches and password_hash is not None


def is_acceptable(password: str) -> bool:
    """Return whether a password has `MIN_LENGTH` to `MAX_LENGTH` characters."""
    return MIN_LENGTH <= len(password) <= MAX_LENGTH


def _matches(password_hash: str, password: bytes) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _composed(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
