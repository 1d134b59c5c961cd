"""Reads dead letters again, and sends them back to their original topics.

A message that is received twice is still recorded once: its events carry their own ids, or ids that
are derived from the letter's id.
"""

from baton.domain.record.messages import ReceiveRecord
from baton.eventlog.dead_letters.dead_lettering import REDRIVEN
from baton.eventlog.dead_letters.record_messages import read_message
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.dead_letters import DeadLetter, DeadLetters
from baton.eventlog.ports.topics import Message, ReceivedMessage, Topics


def read_again(letter: DeadLetter, *, at: int) -> list[ReceiveRecord]:
    """Return the record events of a letter's message, as a redrive now would record them.

    Raises `Rejected` if the message still can't be read.

    Args:
        letter: The letter.
        at: The time of receipt, in ms since the epoch.
    """
    received = ReceivedMessage(
        topic=letter.topic, partition=0, offset=0, at=letter.at, message=_with_letter_id(letter)
    )
    return read_message(received, at=at)


async def redrive(
    letter: DeadLetter, dead_letters: DeadLetters, topics: Topics, *, clock: Clock
) -> int:
    """Send the letter's message again, mark the letter as redriven, and return when (ms).

    A message that fails again becomes a new letter. Raises `Unavailable`, after which the caller
    may repeat the call, and `Unwritable` for a message above the topic's current size limit.
    """
    await topics.send(letter.topic, [_with_letter_id(letter)])
    at = clock.now()
    await dead_letters.mark_redriven(letter.letter_id, at=at)
    return at


def _with_letter_id(letter: DeadLetter) -> Message:
    """Return the original message with a header that names its first letter."""
    original = letter.message
    if any(name == REDRIVEN for name, _ in original.headers):
        return original
    headers = (*original.headers, (REDRIVEN, letter.letter_id.encode()))
    return Message(value=original.value, key=original.key, headers=headers)
