"""Events as lines of JSON, which an export writes and an import reads.

A line is `{"position":…,"stream":…,"version":…,"type":…,"data":…}`, in this order. `data` is the
stored event byte for byte, so that the same event gives the same line in every store.
"""

from typing import Final, NoReturn

import orjson

from baton.domain.stream import stream_parts
from baton.eventlog.errors import Unreadable
from baton.eventlog.events.codec import decode, event_classes
from baton.eventlog.events.envelope import Stored
from baton.eventlog.events.upcasts import UPCASTS

MEMBERS: Final = ("position", "stream", "version", "type", "data")
_MAX: Final = 2**63 - 1


def ndjson_line(event: Stored) -> bytes:
    """Return the line of an event, with its newline; raises `Unreadable` for a damaged event."""
    try:
        decode(event.topic, event.state)
    except Unreadable as error:
        place = f"{event.stream} version {event.version} (position {event.position})"
        raise Unreadable(f"{place}: {error}") from error
    # JSON strings hold no raw newline, so one can only be whitespace between tokens.
    return _head(event) + event.state.replace(b"\n", b" ") + b"}\n"


class NdjsonReader:
    """Reads lines in order and checks that versions and positions continue from line to line.

    `number` counts the lines read, `position` is that of the last event.
    """

    def __init__(self) -> None:
        self.number = 0
        self.position = 0
        self._versions: dict[str, int] = {}

    @property
    def streams(self) -> int:
        """The number of streams that events were read of."""
        return len(self._versions)

    def read(self, line: bytes) -> Stored:
        """Return the event of the next line; raises `Unreadable`, which names the line."""
        self.number += 1
        event = self._event(line.rstrip(b"\r\n"))
        self._check_order(event)
        try:
            decode(event.topic, event.state)
        except Unreadable as error:
            self._refuse(str(error))
        self.position = event.position
        self._versions[event.stream] = event.version
        return event

    def _event(self, line: bytes) -> Stored:
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            self._refuse(f"not JSON ({error})")
        if not isinstance(found, dict) or sorted(found) != sorted(MEMBERS):
            self._refuse(f"not an object with {', '.join(MEMBERS)}")
        position, stream, version, topic, data = (found[name] for name in MEMBERS)
        if not (_is_ordinal(position) and _is_ordinal(version)):
            self._refuse("position and version must be integers from 1")
        if not (isinstance(stream, str) and isinstance(topic, str) and isinstance(data, dict)):
            self._refuse("stream and type must be strings, and data an object")
        event = Stored(position, stream, version, topic, b"")
        head = _head(event)
        state = line[len(head) : -1] if line.startswith(head) else orjson.dumps(data)
        return event._replace(state=state)

    def _check_order(self, event: Stored) -> None:
        """Refuse an event that doesn't belong to its stream or doesn't follow its predecessors."""
        if not _is_event_of(event.stream, event.topic):
            self._refuse(f"{event.topic} in {event.stream} is no event of this release")
        known = self._versions.get(event.stream, 0)
        if event.version <= known:
            self._refuse(f"version {event.version} of {event.stream} is repeated")
        if event.version > known + 1:
            self._refuse(f"{event.stream} skips from version {known} to {event.version}")
        if event.position <= self.position:
            self._refuse(f"position {event.position} comes after {self.position}")

    def _refuse(self, reason: str) -> NoReturn:
        raise Unreadable(f"line {self.number}: {reason}")


def _head(event: Stored) -> bytes:
    stream, topic = orjson.dumps(event.stream), orjson.dumps(event.topic)
    return b'{"position":%d,"stream":%s,"version":%d,"type":%s,"data":' % (
        event.position,
        stream,
        event.version,
        topic,
    )


def _is_ordinal(value: object) -> bool:
    return type(value) is int and 1 <= value <= _MAX


def _is_event_of(stream: str, topic: str) -> bool:
    """Return whether the stream's name is valid and the topic belongs to its kind."""
    if stream.count("/") < 2 or "\0" in stream:  # noqa: PLR2004 - tenant/kind/id
        return False
    tenant, kind, ident = stream_parts(stream)
    known = topic in event_classes() or topic in UPCASTS
    return bool(tenant and ident) and known and topic.startswith(f"{kind}.")
