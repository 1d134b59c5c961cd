"""The checks of single events, in the order of the log, from a store or from a file."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from baton.eventlog.errors import Unreadable
from baton.eventlog.events.codec import decode
from baton.eventlog.events.envelope import Stored
from baton.eventlog.notary.checks.folds import Folds, deciders
from baton.eventlog.notary.checks.verdict import broken_at
from baton.eventlog.notary.event_time import MAX_AT, time_of
from baton.eventlog.notary.leaf import NO_LEAF, leaf_of

_TYPES: Final = (int, str, int, str, bytes)
"""The types of a stored event's columns; SQLite accepts a value of any type in a column."""
_NOTHING_BEFORE: Final[Mapping[str, bytes]] = MappingProxyType({})

Reads = Callable[[str], bool]
"""Called with the name of a stream; returns whether its events are decoded and folded."""


class EventChecks:
    """Checks events one by one: position, version, readability, fold; derives their leaves.

    `position` is the last event's position, `events` the number of events. `max_at` is the greatest
    time of any event so far, ms since the epoch, UTC.
    """

    def __init__(
        self, before: Mapping[str, bytes] | None = _NOTHING_BEFORE, *, reads: Reads | None = None
    ) -> None:
        """Begin with the first event of every stream.

        Args:
            before: The leaves before the first event of streams that begin later; any other stream
                begins with version 1. None: streams may begin anywhere, and the leaves of streams
                that begin later can't be derived.
            reads: Chooses the streams whose events are decoded and folded, None for all.
        """
        self.events = 0
        self.position = 0
        self.max_at = 0
        self.folds = Folds()
        self._before = before
        self._reads = reads
        self._last: dict[str, tuple[int, bytes | None]] = {}

    @property
    def streams(self) -> int:
        """The number of streams that have had an event."""
        return len(self._last)

    def last_of(self, stream: str) -> tuple[int, bytes | None]:
        """Return version and leaf of the last event of a stream; (0, None) for an unknown one."""
        return self._last.get(stream, (0, None))

    def check(self, event: Stored) -> bytes | None:
        """Check the next event and return its leaf, None if it can't be derived.

        Raises `LogBroken`, which names the event.
        """
        position, stream, version = event[:3]
        if tuple(map(type, event)) != _TYPES:
            broken_at(event, "it has columns of other types")
        if position <= self.position:
            broken_at(event, f"its position comes after {self.position}")
        known, previous = self._last.get(stream) or self._begin(event)
        if version != known + 1:
            broken_at(event, f"its stream skips from version {known} to {version}")
        at = time_of(event.state) if self._skips(stream) else self._folded(event)
        if self.max_at < at <= MAX_AT:
            self.max_at = at
        leaf = None if previous is None else leaf_of(event, previous)
        self._last[stream] = (version, leaf)
        self.position = position
        self.events += 1
        return leaf

    def _begin(self, event: Stored) -> tuple[int, bytes | None]:
        """Return version and leaf before the first event of a stream."""
        stream, version = event.stream, event.version
        if version == 1:
            return 0, NO_LEAF
        if self._before is None:
            return version - 1, None
        if stream in self._before:
            return version - 1, self._before[stream]
        return 0, NO_LEAF

    def _skips(self, stream: str) -> bool:
        return self._reads is not None and not self._reads(stream)

    def _folded(self, event: Stored) -> int:
        """Decode and fold an event; return its time."""
        _, stream, version, topic, state = event
        kind = stream.split("/", 2)[1:2]
        decider = deciders().get(kind[0]) if kind else None
        if decider is None or not topic.startswith(f"{decider.name}."):
            broken_at(event, f"{topic} doesn't belong in a stream of this kind")
        try:
            found: Any = decode(topic, state)
        except Unreadable as error:
            broken_at(event, f"can't be read ({error})")
        wrong = self.folds.apply(decider, stream, version, found)
        if wrong is not None:
            broken_at(event, wrong)
        return int(found.at)
