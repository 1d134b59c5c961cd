"""Moves messages that can't be processed to the dead-letter table and the dead-letter topic."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from baton.domain.ids import derived_id
from baton.eventlog.errors import Unwritable
from baton.eventlog.ports.dead_letters import DeadLetter, DeadLetters
from baton.eventlog.ports.topics import Message, ReceivedMessage, Topics

TOPIC: Final = "dlq"
"""The dead-letter topic's name, without the prefix of Baton's own topics."""
REDRIVEN: Final = "baton-redriven"
"""The header of a message that was sent again: the id of its dead letter."""
MAX_SENT: Final = 900_000
"""The largest dead letter sent to the topic with its content, in bytes.

Brokers accept about a megabyte. A larger letter is sent without its content, which the table holds.
"""
BATCH: Final = 20
"""The number of letters that are stored and sent together; each may be large."""


def dead_letter(delivered: ReceivedMessage, reason: str, *, at: int) -> DeadLetter:
    """Return the letter of a message that can't be processed for `reason`."""
    digest = sha256(delivered.message.value or b"").hexdigest()
    place = (delivered.topic, str(delivered.partition), str(delivered.offset))
    return DeadLetter(
        letter_id=derived_id("letter", *place, digest),
        source=delivered.position,
        reason=reason,
        message=delivered.message,
        at=at,
    )


async def reject(
    letters: Sequence[DeadLetter], table: DeadLetters, topics: Topics, *, prefix: str
) -> None:
    """Insert `letters` into the table, then send them to the dead-letter topic.

    Raises `Unavailable`; the caller repeats the call, which leaves no duplicate in the table. A
    batch that the broker refuses as too large is sent without content.
    """
    topic = f"{prefix}{TOPIC}"
    for start in range(0, len(letters), BATCH):
        batch = letters[start : start + BATCH]
        await table.put(batch)
        try:
            await topics.send(topic, [_notice(letter) for letter in batch])
        except Unwritable:
            await topics.send(topic, [_notice(letter, largest=0) for letter in batch])


def _notice(letter: DeadLetter, *, largest: int = MAX_SENT) -> Message:
    """Return the dead-letter topic's message: the original message, with the reason in headers."""
    original = letter.message
    headers = (
        ("reason", letter.reason.encode()),
        ("source", letter.source.encode()),
        ("letter", letter.letter_id.encode()),
    )
    size = len(original.value or b"") + len(original.key or b"")
    size += sum(len(name.encode()) + len(value) for name, value in original.headers)
    if size > largest:
        return Message(value=None, headers=(*headers, ("bytes", b"%d" % size)))
    return Message(value=original.value, key=original.key, headers=(*headers, *original.headers))
