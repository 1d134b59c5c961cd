"""What the store takes in and gives out."""

from collections.abc import Sequence
from typing import NamedTuple

from baton.domain.frozen import frozen

Event = object
"""Any domain event; `codec` knows the classes."""


@frozen
class Write:
    """Events to append to one stream that is at `expected` (0: it does not exist).

    Without events it is no write at all: `expected` is not checked.
    """

    stream: str
    expected: int
    events: Sequence[Event]


@frozen(kw_only=False)
class Recorded:
    """One event as it stands in the log.

    `position` rises over the whole store (holes never fill), `version` counts 1, 2, … within the
    stream.
    """

    position: int
    stream: str
    version: int
    event: Event


@frozen(kw_only=False)
class Appended:
    """The writes are durable; `recorded` shows them with their positions, in order."""

    recorded: Sequence[Recorded]

    @property
    def position(self) -> int:
        """The position of the last of them; 0 when nothing was written."""
        return self.recorded[-1].position if self.recorded else 0


@frozen(kw_only=False)
class Conflict:
    """Nothing was written: `stream` was not at the expected version."""

    stream: str


class Stored(NamedTuple):
    """One event as it is stored; `topic` names its class, `state` is its JSON."""

    position: int
    stream: str
    version: int
    topic: str
    state: bytes
