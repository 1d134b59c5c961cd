"""Remembers verified credentials by the SHA-256 of their text."""

from typing import Final, TypeVar

V = TypeVar("V")

MAX_CACHED: Final = 10_000
"""Credentials that are remembered; a full cache drops the oldest tenth."""


class IdentityCache(dict[bytes, V]):
    """A dictionary with a bound, so that a look-up costs what it costs there."""

    __slots__ = ()

    def put(self, digest: bytes, found: V) -> None:
        """Remember `found`."""
        if len(self) >= MAX_CACHED:
            for oldest in list(self)[: MAX_CACHED // 10]:
                del self[oldest]
        self[digest] = found
