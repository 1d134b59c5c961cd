"""Encodes run events as messages of the runs topic, which other programs may read too.

The key is the stream's name, the value is the event as stored. Headers: `type` names the event,
`version` is its number in the stream, `position` its position in the store. An event too large for
a message has no value; the header `omitted` holds its size in bytes, and readers load it from the
store.
"""

from collections.abc import Sequence
from typing import NamedTuple

from baton.domain.run.decisions import DECIDER
from baton.domain.stream import stream_parts
from baton.eventlog.events.envelope import Stored

STREAM_KIND = DECIDER.name
MAX_EVENT_BYTES = 512 * 1024
"""The largest event that is sent as a message; brokers accept messages of a megabyte by default."""


class EventRef(NamedTuple):
    """Identity of an event: its stream and its version in the stream."""

    stream: str
    version: int


class NotARunEvent(ValueError):
    """The message is not an event of a run."""


def headers_of(event: Stored) -> list[tuple[str, bytes | None]]:
    """Return the headers of an event's message."""
    headers: list[tuple[str, bytes | None]] = [
        ("type", event.topic.encode()),
        ("version", b"%d" % event.version),
        ("position", b"%d" % event.position),
    ]
    if len(event.state) > MAX_EVENT_BYTES:
        headers.append(("omitted", b"%d" % len(event.state)))
    return headers


def value_of(event: Stored) -> bytes | None:
    """Return the value of an event's message, None if the event is too large."""
    return event.state if len(event.state) <= MAX_EVENT_BYTES else None


def event_ref_of(key: bytes | None, headers: Sequence[tuple[str, bytes]]) -> EventRef:
    """Return the identity of a message's event; raises `NotARunEvent`."""
    if key is None:
        raise NotARunEvent("the message has no key")
    try:
        if len(headers) > 1 and headers[1][0] == "version":  # the order in which Baton writes them
            return EventRef(key.decode(), int(headers[1][1]))
        return EventRef(key.decode(), int(dict(headers)["version"]))
    except (KeyError, TypeError, ValueError) as error:
        raise NotARunEvent(f"the message names no stream or no version: {error!r}") from error


def stored_event(
    event: EventRef, value: bytes | None, headers: Sequence[tuple[str, bytes]]
) -> Stored | None:
    """Return a message's event, None if only the store has it; raises `NotARunEvent`."""
    values = dict(headers)
    try:
        topic, position = values["type"].decode(), int(values["position"])
        kind = stream_parts(event.stream).kind
        if value is None:
            int(values["omitted"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NotARunEvent(f"the message holds no event: {error!r}") from error
    if kind != STREAM_KIND or not topic.startswith(f"{STREAM_KIND}."):
        raise NotARunEvent(f"{topic} of {event.stream} is not an event of a run")
    if value is None:
        return None
    return Stored(position, event.stream, event.version, topic, value)
