"""Dead letters in memory."""

from collections.abc import Sequence
from dataclasses import replace

from baton.eventlog.ports.dead_letters import DeadLetter


class MemoryDeadLetters:
    """Implements `DeadLetters`."""

    def __init__(self) -> None:
        self._kept: dict[str, DeadLetter] = {}

    async def put(self, letters: Sequence[DeadLetter]) -> None:
        """Keep `letters`; one whose id is known changes nothing."""
        for letter in letters:
            self._kept.setdefault(letter.letter_id, letter)

    async def page(self, *, after: str = "", limit: int = 100) -> Sequence[DeadLetter]:
        """Return letters with ids behind `after`, in order of their ids."""
        return [self._kept[one] for one in sorted(self._kept) if one > after][:limit]

    async def get(self, letter_id: str) -> DeadLetter | None:
        """Return one letter."""
        return self._kept.get(letter_id)

    async def mark_redriven(self, letter_id: str, *, at: int) -> None:
        """Note that the message was sent again."""
        if letter := self._kept.get(letter_id):
            self._kept[letter_id] = replace(letter, redriven_at=at)
