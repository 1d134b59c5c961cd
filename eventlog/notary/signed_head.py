"""Signed tree heads: C2SP tlog-checkpoint notes with the covered position and its time.

The text of a head has five lines: the origin (the name of the key), the number of leaves, the root
in base64, and the extension lines `position P` and `time T`. T is the greatest time of any covered
event, so that the same events and the same key always give the same note.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from baton.eventlog.notary.merkle import HASH_BYTES
from baton.eventlog.notary.signed_note import (
    BadNote,
    SigningKey,
    VerifierKey,
    decode_base64,
    open_note,
    read_note,
)
from baton.protocols.iso_time import format_time, parse_time

_LINES: Final = 5
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeHead:
    """The tree over the first events of a log.

    Attributes:
        origin: The name of the log, which is its key's name.
        size: The number of leaves.
        root: The root of the tree.
        position: The position of the last covered event.
        at: The greatest time of any covered event, ms since the epoch, UTC.
    """

    origin: str
    size: int
    root: bytes
    position: int
    at: int

    @property
    def text(self) -> str:
        """The text that is signed."""
        root = b64encode(self.root).decode()
        time = format_time(self.at)
        return f"{self.origin}\n{self.size}\n{root}\nposition {self.position}\ntime {time}\n"

    def signed(self, key: SigningKey) -> bytes:
        """Return the signed note of this head."""
        return key.sign(self.text)


def parse_head(text: str) -> TreeHead:
    """Return the head that a text describes; raises `BadNote`."""
    try:
        origin, size, root, position, time = text.removesuffix("\n").split("\n", _LINES - 1)
        head = TreeHead(
            origin=origin,
            size=_number(size),
            root=decode_base64(root),
            position=_number(position.removeprefix("position ")),
            at=parse_time(time.removeprefix("time ")),
        )
    except ValueError:
        raise BadNote("it isn't a head of a Baton log") from None
    if head.text != text or len(head.root) != HASH_BYTES:
        raise BadNote("it isn't a head of a Baton log")
    return head


def open_head(note: bytes, keys: Iterable[VerifierKey]) -> TreeHead:
    """Return the head of a note that one of `keys` signed; raises `BadNote`."""
    return parse_head(open_note(note, keys))


def read_head(note: bytes) -> TreeHead:
    """Return the head of a note without verifying its signatures; raises `BadNote`."""
    return parse_head(read_note(note)[0])


def _number(text: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise ValueError("not a number")
    return int(text)
