"""The port of time."""

from typing import Protocol


class Clock(Protocol):
    """The time, passed to everything that needs it, so that a test or a simulation controls it."""

    def now(self) -> int:
        """Return milliseconds since the epoch, UTC."""
        ...

    async def sleep(self, duration_ms: float) -> None:
        """Return after `duration_ms` on this clock."""
        ...
