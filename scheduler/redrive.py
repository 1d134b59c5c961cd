"""Sends dead letters to the topics they came from once more.

A message that is taken in twice is recorded once: its events have ids of their own, or follow from
the letter's.
"""

from baton.eventlog.dead_lettering import REDRIVEN
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.dead_letters import DeadLetter, DeadLetters
from baton.eventlog.ports.topics import Message, Topics


async def redrive(letter: DeadLetter, kept: DeadLetters, topics: Topics, *, clock: Clock) -> None:
    """Send the letter's message again, then note it.

    If it can't be taken in this time either, it becomes another letter. Raises `Unavailable`, to be
    done again, and `Unwritable` for a message that is larger than its topic takes now.
    """
    await topics.send(letter.topic, [_again(letter)])
    await kept.mark_redriven(letter.letter_id, at=clock.now())


def _again(letter: DeadLetter) -> Message:
    """Return the message as it was, with the letter it first became."""
    sent = letter.message
    if any(name == REDRIVEN for name, _ in sent.headers):
        return sent
    headers = (*sent.headers, (REDRIVEN, letter.letter_id.encode()))
    return Message(value=sent.value, key=sent.key, headers=headers)
