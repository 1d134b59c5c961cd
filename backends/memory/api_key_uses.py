"""Last uses of API keys in memory."""

from collections.abc import Mapping


class MemoryApiKeyUses:
    """Implements `ApiKeyUses`."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    async def record(self, used_at: Mapping[str, int]) -> None:
        """Record uses, unless later ones are known."""
        for key_id, at in used_at.items():
            self._last[key_id] = max(at, self._last.get(key_id, at))

    async def last(self) -> Mapping[str, int]:
        """Return the last use of every key."""
        return dict(self._last)
