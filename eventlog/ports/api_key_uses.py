"""The port of the last uses of API keys.

A use isn't an event, because that would cost every request an append. Nothing depends on it, and an
import doesn't restore it.
"""

from collections.abc import Mapping
from typing import Protocol


class ApiKeyUses(Protocol):
    """The time of each key's last use, by the key's id. All methods raise `Unavailable`."""

    async def record(self, used_at: Mapping[str, int]) -> None:
        """Record uses of keys, in ms since the epoch, UTC; a key keeps its newest use."""
        ...

    async def last(self) -> Mapping[str, int]:
        """Return the last use of every key that was ever used."""
        ...
