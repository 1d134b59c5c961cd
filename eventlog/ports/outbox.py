"""The ports of the relay: it reads stored events from the outbox and gives them to the publisher.

The events themselves are the outbox. No second table could miss one; a checkpoint says how far they
have been published.
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
    """Publishes events to the log that several processes share."""

    async def publish(self, events: Sequence[Stored]) -> None:
        """Return once the log has stored all of `events`, those of a stream in their order.

        Raises `Unavailable` when some of them may be missing. Publishing an event again is always
        safe: followers skip what they have seen.
        """
        ...
