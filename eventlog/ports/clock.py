"""The port of the time, injected everywhere."""

from typing import Protocol


class Clock(Protocol):
    """The time, injected everywhere."""

    def now(self) -> int:
        """Return milliseconds since the epoch, UTC."""
        ...

    async def sleep(self, duration_ms: float) -> None:
        """Return when `duration_ms` have passed on this clock."""
        ...
