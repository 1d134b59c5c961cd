"""Events as messages of the runs topic, which others may read too.

The key is the name of the stream, the value is the event as it is stored, and three headers say
what it is: `type` names its class, `version` is its place in the stream and `position` its place in
the store. An event too large for a message has no value, and a fourth header, `omitted`, says how
many bytes it has: it is read in the store.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from baton.domain.run.decisions import DECIDER
from baton.domain.stream import stream_parts
from baton.eventlog.events.envelope import Stored

KIND = DECIDER.name
MAX_EVENT_BYTES = 512 * 1024
"""Bytes of an event in a message; brokers take messages of a megabyte by default."""

Headers: TypeAlias = Iterable[tuple[str, bytes]]


class EventRef(NamedTuple):
    """Which event a message brings."""

    stream: str
    version: int


class NotARunEvent(ValueError):
    """A message that isn't an event of Baton's."""


def headers_of(event: Stored) -> list[tuple[str, bytes | None]]:
    """Return what a message says of its event."""
    headers: list[tuple[str, bytes | None]] = [
        ("type", event.topic.encode()),
        ("version", b"%d" % event.version),
        ("position", b"%d" % event.position),
    ]
    if len(event.state) > MAX_EVENT_BYTES:
        headers.append(("omitted", b"%d" % len(event.state)))
    return headers


def value_of(event: Stored) -> bytes | None:
    """Return the value of an event's message."""
    return event.state if len(event.state) <= MAX_EVENT_BYTES else None


def event_ref_of(key: bytes | None, headers: Sequence[tuple[str, bytes]]) -> EventRef:
    """Return which event a message brings; raises `NotARunEvent`."""
    if key is None:
        raise NotARunEvent("a message without a key")
    try:
        if len(headers) > 1 and headers[1][0] == "version":  # as Baton writes them
            return EventRef(key.decode(), int(headers[1][1]))
        return EventRef(key.decode(), int(dict(headers)["version"]))
    except (KeyError, TypeError, ValueError) as error:
        raise NotARunEvent(f"no name of a stream, or no version: {error!r}") from error


def stored_event(
    place: EventRef, value: bytes | None, headers: Sequence[tuple[str, bytes]]
) -> Stored | None:
    """Return the event of a message, or None if only the store has it; raises `NotARunEvent`."""
    found = dict(headers)
    try:
        topic, position = found["type"].decode(), int(found["position"])
        kind = stream_parts(place.stream).kind
        if value is None:
            int(found["omitted"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NotARunEvent(f"no event: {error!r}") from error
    if kind != KIND or not topic.startswith(f"{KIND}."):
        raise NotARunEvent(f"{topic} of {place.stream} is no event of a run")
    if value is None:
        return None
    return Stored(position, place.stream, place.version, topic, value)
