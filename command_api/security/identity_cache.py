"""Remembers verified credentials by the SHA-256 of their text."""

from typing import Final, TypeVar

V = TypeVar("V")

MAX_CACHED: Final = 10_000
"""The number of remembered credentials; a full cache drops the oldest tenth."""


class IdentityCache(dict[bytes, V]):
    """A bounded dictionary, with the look-up of a plain dictionary."""

    __slots__ = ()

    def put(self, digest: bytes, identity: V) -> None:
        """Remember `identity`."""
        if len(self) >= MAX_CACHED:
            for oldest in list(self)[: MAX_CACHED // 10]:
                del self[oldest]
        self[digest] = identity
