"""Messages that were given up, kept with the reason until somebody sends them again."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final, Protocol, TypeAlias

import orjson

from baton.domain.frozen import frozen
from baton.domain.ids import derived_id
from baton.eventlog.errors import Unwritable
from baton.eventlog.ports.topics import Delivered, Message, Topics

TOPIC: Final = "dlq"
"""Where dead letters are sent, behind the prefix of Baton's own topics."""
REDRIVEN: Final = "baton-redriven"
"""The header of a message that was sent again: the id of its letter."""
MAX_SENT: Final = 900_000
"""Bytes that a dead letter sent on may have: brokers take about a megabyte. A larger one is sent
without its content, which stands in the table."""
TOGETHER: Final = 20
"""Letters kept and sent at once: each may be large."""


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

    @property
    def topic(self) -> str:
        """The topic it came from."""
        return self.source.rpartition("@")[0].rpartition("/")[0]


class DeadLetters(Protocol):
    """The table of dead letters. All methods raise `Unavailable`."""

    async def put(self, letters: Sequence[DeadLetter]) -> None:
        """Keep `letters`; one whose id is known changes nothing."""
        ...

    async def page(self, *, after: str = "", limit: int = 100) -> Sequence[DeadLetter]:
        """Return letters with ids behind `after`, in order of their ids."""
        ...

    async def get(self, letter_id: str) -> DeadLetter | None:
        """Return one letter."""
        ...

    async def redriven(self, letter_id: str, *, at: int) -> None:
        """Note that the message was sent again."""
        ...


def dead_letter(delivered: Delivered, reason: str, *, at: int) -> DeadLetter:
    """Return the letter of a message that is given up for `reason`."""
    digest = sha256(delivered.message.value or b"").hexdigest()
    place = (delivered.topic, str(delivered.partition), str(delivered.offset))
    return DeadLetter(
        letter_id=derived_id("letter", *place, digest),
        source=delivered.position,
        reason=reason,
        message=delivered.message,
        at=at,
    )


async def give_up(
    letters: Sequence[DeadLetter], kept: DeadLetters, topics: Topics, *, prefix: str
) -> None:
    """Keep `letters` in the table, then send them on; raises `Unavailable`, to be done again.

    What the topic doesn't take is sent without its content.
    """
    topic = f"{prefix}{TOPIC}"
    for start in range(0, len(letters), TOGETHER):
        some = letters[start : start + TOGETHER]
        await kept.put(some)
        try:
            await topics.send(topic, [_told(letter) for letter in some])
        except Unwritable:
            await topics.send(topic, [_told(letter, largest=0) for letter in some])


def _told(letter: DeadLetter, *, largest: int = MAX_SENT) -> Message:
    """Return the message that tells of a letter: what was sent, and why it was given up."""
    sent = letter.message
    said = (
        ("reason", letter.reason.encode()),
        ("source", letter.source.encode()),
        ("letter", letter.letter_id.encode()),
    )
    size = len(sent.value or b"") + len(sent.key or b"")
    size += sum(len(name.encode()) + len(value) for name, value in sent.headers)
    if size > largest:
        return Message(value=None, headers=(*said, ("bytes", b"%d" % size)))
    return Message(value=sent.value, key=sent.key, headers=(*said, *sent.headers))


COLUMNS: Final = "letter_id, source, reason, at, redriven_at, key, value, headers"
"""What a row of a letter holds; the headers are JSON, their values in base64."""

Cell: TypeAlias = str | int | bytes | None


def row_of(letter: DeadLetter) -> tuple[Cell, ...]:
    """Return a letter as a row of `COLUMNS`."""
    message = letter.message
    headers = [(name, b64encode(value).decode()) for name, value in message.headers]
    return (
        letter.letter_id,
        letter.source,
        letter.reason,
        letter.at,
        letter.redriven_at,
        message.key,
        message.value,
        orjson.dumps(headers),
    )


def letter_of(*row: Any) -> DeadLetter:
    """Return the letter that `row_of` made a row of."""
    letter_id, source, reason, at, redriven_at, key, value, headers = row
    named = tuple((name, b64decode(encoded)) for name, encoded in orjson.loads(headers))
    return DeadLetter(
        letter_id=letter_id,
        source=source,
        reason=reason,
        at=at,
        redriven_at=redriven_at,
        message=Message(key=key, value=value, headers=named),
    )
