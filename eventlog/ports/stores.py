"""The ports of the event store, of the log that delivers its events, and of checkpoints.

All methods raise `Unavailable` (baton.eventlog.errors) when the technology fails.
"""

from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

from baton.eventlog.events.envelope import Appended, Conflict, Recorded, Selection, Write


class EventStore(Protocol):
    """The source of truth: streams of events in one total order."""

    def append(self, writes: Sequence[Write]) -> Coroutine[Any, Any, Appended | Conflict]:
        """Append all of `writes` or none; durable when it returns. This is the only way to write.

        Returns `Conflict` if a stream is not at its expected version. Raises `Unavailable`, and
        then the events may or may not be stored; `Unwritable`; ValueError if two writes name the
        same stream.
        """
        ...

    async def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        """Return the events of one stream with versions greater than `after`, in order."""
        ...

    async def read_all(self, *, after: int, limit: int) -> Sequence[Recorded]:
        """Return up to `limit` events of all streams with positions greater than `after`."""
        ...

    async def select(self, wanted: Selection) -> Sequence[Recorded]:
        """Return the events of a selection, in its order; others aren't decoded.

        It looks at every event of the part of the log, so the part should have a few thousand.
        """
        ...

    async def head(self) -> int:
        """Return the position of the newest event, 0 in an empty store."""
        ...

    async def close(self) -> None:
        """Finish accepted appends, then release all resources."""
        ...


class Subscription(Protocol):
    """The position of one follower in the log."""

    async def next(self) -> Sequence[Recorded]:
        """Wait for and return the next events, in order; never empty. May repeat events."""
        ...

    async def close(self) -> None:
        """End the subscription."""
        ...


class Log(Protocol):
    """Delivers appended events to followers, ordered within each stream."""

    async def subscribe(
        self, name: str, *, after: int, classes: frozenset[type] | None = None
    ) -> Subscription:
        """Return a subscription of the follower `name` that begins after position `after`.

        Args:
            name: The name of the follower.
            after: A position that the log has reached.
            classes: The event classes that the follower needs, None for all. The log may leave out
                other events, except that the last event of a part of the log is delivered whatever
                its class: it moves the follower's position beyond the events left out.
        """
        ...


class Checkpoints(Protocol):
    """Positions by follower, for followers whose effects are appends."""

    async def load(self, name: str) -> int:
        """Return the saved position, 0 if there is none."""
        ...

    async def save(self, name: str, position: int) -> None:
        """Save `position`, unless a higher one is saved already."""
        ...
