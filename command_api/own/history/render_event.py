"""A recorded event as Baton's own API shows it; large values and secrets are left out."""

from collections.abc import Iterator
from typing import Any, Final

import orjson
from pydantic import BaseModel, Field

from baton.command_api.dialect.rendering import without_none
from baton.command_api.dialect.run_values import named, omitted
from baton.domain.artifact import Artifact
from baton.domain.json import JsonObject
from baton.domain.stream import stream_parts
from baton.eventlog.events.codec import topic_of
from baton.eventlog.events.envelope import Recorded
from baton.protocols.iso_time import format_time

MAX_SHOWN: Final = 4 * 1024
"""Bytes of JSON from which on a value of an event is left out."""
_SECRETS: Final = frozenset(("key_hash", "password_hash"))


class EventRecord(BaseModel):
    """A recorded event; `data` has the members that exports show.

    `truncated` is the size of the data in bytes, where a value in it is left out because of its
    size: `{"$omitted": true, "bytes": n}` or, where it can be fetched, `{"$artifact": …}`.
    """

    position: int = Field(description="Its place in the log")
    version: int = Field(description="Its number in its stream")
    type: str
    at: str
    data: dict[str, Any]
    truncated: int | None = None


class StreamEventRecord(EventRecord):
    """A recorded event with the stream that it belongs to."""

    kind: str
    id: str


EXAMPLE: Final[JsonObject] = {
    "position": 81234,
    "version": 4,
    "type": "run.StepSucceeded",
    "at": "2026-01-05T09:00:00.250Z",
    "data": {"step_id": "validate", "visit": 1, "attempt": 1, "output": {"isValid": True}},
}


def render_event(recorded: Recorded) -> JsonObject:
    """Return an event with the members of `EventRecord`."""
    event = recorded.event
    raw = orjson.dumps(event, default=_named, option=orjson.OPT_NON_STR_KEYS)
    data: JsonObject = orjson.loads(raw)
    cut = dict(_shown(data)) if len(raw) > MAX_SHOWN else data
    return without_none(
        {
            "position": recorded.position,
            "version": recorded.version,
            "type": topic_of(event),
            "at": format_time(event.at),
            "data": {name: value for name, value in cut.items() if name not in _SECRETS},
            "truncated": len(raw) if cut != data else None,
        }
    )


def render_stream_event(recorded: Recorded) -> JsonObject:
    """Return an event with the members of `StreamEventRecord`."""
    _, kind, ident = stream_parts(recorded.stream)
    return {**render_event(recorded), "kind": kind, "id": ident}


def _shown(data: JsonObject) -> Iterator[tuple[str, object]]:
    for name, value in data.items():
        size = len(orjson.dumps(value))
        yield name, value if size <= MAX_SHOWN else omitted(size)


def _named(value: object) -> JsonObject:
    if isinstance(value, Artifact):
        return named(value)
    raise TypeError
