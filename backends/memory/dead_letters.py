"""Dead letters in memory."""

from collections.abc import Sequence
from dataclasses import replace

from baton.eventlog.ports.dead_letters import DeadLetter


class MemoryDeadLetters:
    """Implements `DeadLetters`."""

    def __init__(self) -> None:
        self._letters: dict[str, DeadLetter] = {}

    async def put(self, letters: Sequence[DeadLetter]) -> None:
        """Insert `letters`; a letter whose id exists already changes nothing."""
        for letter in letters:
            self._letters.setdefault(letter.letter_id, letter)

    async def page(self, *, after: str = "", limit: int = 100) -> Sequence[DeadLetter]:
        """Return letters with ids greater than `after`, ordered by id."""
        return [
            self._letters[letter_id] for letter_id in sorted(self._letters) if letter_id > after
        ][:limit]

    async def newest(
        self, *, before: tuple[int, str] | None = None, limit: int = 100
    ) -> Sequence[DeadLetter]:
        """Return letters by time and id, the newest first."""
        newest_keys = sorted(
            ((letter.at, ident) for ident, letter in self._letters.items()), reverse=True
        )
        return [self._letters[key[1]] for key in newest_keys if before is None or key < before][
            :limit
        ]

    async def get(self, letter_id: str) -> DeadLetter | None:
        """Return one letter."""
        return self._letters.get(letter_id)

    async def mark_redriven(self, letter_id: str, *, at: int) -> None:
        """Record that the message was sent again at `at`."""
        if letter := self._letters.get(letter_id):
            self._letters[letter_id] = replace(letter, redriven_at=at)
