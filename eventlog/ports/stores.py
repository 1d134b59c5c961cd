"""Ports of the event store and the log that shows what it appends.

All methods raise `Unavailable` (baton.eventlog.errors) when the technology fails.
"""

from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

from baton.eventlog.events.envelope import Appended, Conflict, Recorded, Write


class EventStore(Protocol):
    """The truth: streams of events in one total order."""

    def append(self, writes: Sequence[Write]) -> Coroutine[Any, Any, Appended | Conflict]:
        """Record all of `writes` or none; durable when it returns. The only way to write."""
        ...

    async def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        """Return the events of one stream with versions greater than `after`."""
        ...

    async def read_all(self, *, after: int, limit: int) -> Sequence[Recorded]:
        """Return up to `limit` events with positions greater than `after`, in order."""
        ...

    async def head(self) -> int:
        """Return the position of the newest event, 0 in an empty store."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then let go of everything."""
        ...


class Subscription(Protocol):
    """One follower's place in the log."""

    async def next(self) -> Sequence[Recorded]:
        """Wait for and return the next events, in order; never empty. Repeats are possible."""
        ...

    async def close(self) -> None:
        """Leave the log."""
        ...


class Log(Protocol):
    """Hands the appended events to followers, ordered per stream."""

    async def subscribe(self, name: str, *, after: int) -> Subscription:
        """Return a subscription that begins behind position `after`."""
        ...


class Checkpoints(Protocol):
    """Named places in the log, for followers whose effects are appends."""

    async def load(self, name: str) -> int:
        """Return the saved position, 0 when there is none."""
        ...

    async def save(self, name: str, position: int) -> None:
        """Remember `position`; a lower one than saved is ignored."""
        ...
