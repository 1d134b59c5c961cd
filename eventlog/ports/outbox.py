"""The ports of the relay: it reads stored events from the outbox and passes them to the publisher.

The event store itself is the outbox: a second table could miss events. A checkpoint records the
position up to which events have been published.
"""

from collections.abc import Sequence
from typing import Protocol

from baton.eventlog.events.envelope import Stored


class Outbox(Protocol):
    """Reads stored events without decoding them. All methods raise `Unavailable`."""

    async def after(self, position: int, *, limit: int) -> Sequence[Stored]:
        """Wait for and return the next events after `position`, in order; never empty."""
        ...


class Publisher(Protocol):
    """Publishes events to the log that several processes share."""

    async def publish(self, events: Sequence[Stored]) -> None:
        """Return once the log has stored all of `events`, each stream's in their order.

        Raises `Unavailable` when some of them may be missing. Publishing an event again is always
        safe: followers skip events that they have seen.
        """
        ...
