"""Messages that could not be read, kept with the reason until somebody sends them again."""

from collections.abc import Sequence
from typing import Protocol

from domain.frozen import frozen
from eventlog.topics import Message


@frozen
class DeadLetter:
    """A message that was given up. Times are ms since the epoch.

    `letter_id` is derived from where the message stood and what it was, so that giving it up twice
    leaves one letter. `source` is its place (`topic/partition@offset`).
    """

    letter_id: str
    source: str
    reason: str
    message: Message
    at: int
    redriven_at: int | None = None


class DeadLetters(Protocol):
    """The table of dead letters. All methods raise `Unavailable`."""

    async def put(self, letters: Sequence[DeadLetter]) -> None:
        """Keep `letters`; one whose id is known changes nothing."""
        ...

    async def page(self, *, after: str = "", limit: int = 100) -> Sequence[DeadLetter]:
        """Return letters with ids behind `after`, in order of their ids."""
        ...

    async def redriven(self, letter_id: str, *, at: int) -> None:
        """Note that the message was sent again."""
        ...
