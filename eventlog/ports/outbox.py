"""What a relay publishes: the events as they are stored, in the order of their positions.

The events themselves are the outbox, so there is no second table that could miss one; a checkpoint
says how far they were published.
"""

from collections.abc import Sequence
from typing import Protocol

from baton.eventlog.events.envelope import Stored


class Outbox(Protocol):
    """Reads stored events without decoding them. All methods raise `Unavailable`."""

    async def after(self, position: int, *, limit: int) -> Sequence[Stored]:
        """Wait for and return the next events behind `position`, in order; never empty."""
        ...


class Publisher(Protocol):
    """Makes events visible to those who share the log."""

    async def publish(self, events: Sequence[Stored]) -> None:
        """Return once all of `events` are kept, those of a stream in their order.

        Raises `Unavailable`, and then some of them may be published; publishing them again is
        always right.
        """
        ...
