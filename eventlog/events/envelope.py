"""Events with their place in the store: as they are appended, recorded and stored."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from baton.domain.frozen import frozen

Event = object
"""Any domain event; `codec` finds the classes."""


@frozen
class Write:
    """Events to append to one stream.

    `expected` is the version that the stream must have, 0 if it must not exist. Without events,
    nothing is written and `expected` isn't checked.
    """

    stream: str
    expected: int
    events: Sequence[Event]


@frozen(kw_only=False)
class Recorded:
    """An event with its place in the log.

    `position` increases over the whole store; a gap in the positions is never filled later.
    `version` counts 1, 2, … within the stream.
    """

    position: int
    stream: str
    version: int
    event: Any  # consumers know the classes that they request, and a cast would cost time


@frozen(kw_only=False)
class Appended:
    """The result of a durable append: its events with their positions, in order."""

    recorded: Sequence[Recorded]

    @property
    def position(self) -> int:
        """The position of the last event, 0 if nothing was written."""
        return self.recorded[-1].position if self.recorded else 0


@frozen(kw_only=False)
class Conflict:
    """The result of a refused append: `stream` was not at the expected version."""

    stream: str


@frozen
class Selection:
    """Events of one tenant in a part of the log, up to `limit` of them.

    - `classes` are their classes; none means any.
    - `after` is the position before the part, `up_to` the last position in it.
    - `newest_first` selects from the end of the part, in descending order.
    """

    tenant: str
    classes: Sequence[type]
    after: int
    up_to: int
    limit: int
    newest_first: bool = False


class Stored(NamedTuple):
    """An event as it is stored; `topic` names its class, `state` is its JSON."""

    position: int
    stream: str
    version: int
    topic: str
    state: bytes


class StoredArtifact(NamedTuple):
    """An artifact and the tenant that owns it; `raw` is its canonical JSON."""

    tenant: str
    sha256: str
    raw: bytes
