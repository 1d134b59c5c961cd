"""The port of dead letters: messages that could not be processed, with the reason."""

from collections.abc import Sequence
from typing import Protocol

from baton.domain.frozen import frozen
from baton.eventlog.ports.topics import Message


@frozen
class DeadLetter:
    """A message that could not be processed. Times are ms since the epoch.

    `letter_id` is derived from the message's place and content, so that rejecting a message twice
    leaves one letter. `source` is the place (`topic/partition@offset`). `redriven_at` is when the
    message was last sent again.
    """

    letter_id: str
    source: str
    reason: str
    message: Message
    at: int
    redriven_at: int | None = None

    @property
    def topic(self) -> str:
        """The topic that the message was received from."""
        return self.source.rpartition("@")[0].rpartition("/")[0]


class DeadLetters(Protocol):
    """The table of dead letters. All methods raise `Unavailable`."""

    async def put(self, letters: Sequence[DeadLetter]) -> None:
        """Insert `letters`; a letter whose id exists already changes nothing."""
        ...

    async def page(self, *, after: str = "", limit: int = 100) -> Sequence[DeadLetter]:
        """Return letters with ids greater than `after`, ordered by id."""
        ...

    async def newest(
        self, *, before: tuple[int, str] | None = None, limit: int = 100
    ) -> Sequence[DeadLetter]:
        """Return letters by time and id, the newest first.

        Args:
            before: Time and id of a letter: only letters that follow it in this order.
            limit: The number of letters, at most.
        """
        ...

    async def get(self, letter_id: str) -> DeadLetter | None:
        """Return one letter."""
        ...

    async def mark_redriven(self, letter_id: str, *, at: int) -> None:
        """Record that the message was sent again at `at`; an unknown id changes nothing."""
        ...
