"""The port of keys that verify tokens, and the shared secrets of an installation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import jwt

MIN_SECRET_BYTES = 32

VerifyingKey: TypeAlias = "str | bytes | jwt.PyJWK"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChoice:
    """The keys that may have signed a token, all for one algorithm.

    `until` is the time in ms at which the keys must be asked for again; None means never.
    """

    keys: Sequence[VerifyingKey]
    algorithm: str
    until: int | None = None


class KeySource(Protocol):
    """The source of the keys that verify tokens."""

    @property
    def algorithms(self) -> frozenset[str]:
        """The algorithms of the keys. A token that names another one isn't looked up."""
        ...

    async def keys_of(self, header: Mapping[str, object]) -> KeyChoice:
        """Return the keys for a token's header.

        Raises Refused 401 for an unknown key, and Unavailable.
        """
        ...


class SharedSecrets:
    """HS256 secrets of at least 32 bytes, any of which may have signed a token.

    Raises ValueError for an unsuitable secret.
    """

    algorithms = frozenset(("HS256",))

    def __init__(self, *secrets: str) -> None:
        for secret in secrets:
            _check(secret)
        self._choice = KeyChoice(keys=secrets, algorithm="HS256")

    async def keys_of(self, header: Mapping[str, object]) -> KeyChoice:
        """Return all secrets, whichever key the header names."""
        del header
        return self._choice


def _check(secret: str) -> None:
    if len(secret.encode()) < MIN_SECRET_BYTES:
        message = f"The JWT secret must have at least {MIN_SECRET_BYTES} bytes"
        raise ValueError(message)
    try:
        jwt.encode({}, secret, algorithm="HS256")
    except jwt.InvalidKeyError:
        message = "The JWT secret is a public key or a certificate; use a random secret"
        raise ValueError(message) from None
