"""The body of a delivery: `{"type", "timestamp", "data"}`, made from the run's stream.

It depends only on the run up to the event, so every attempt sends the same bytes. Large values are
replaced by their hash; if the body is still too large, values above a certain size are left out.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import orjson

from baton.domain.artifact import Artifact
from baton.domain.json import Json, JsonObject
from baton.domain.webhook.messages import EventType
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.graph_cache import GraphCache
from baton.eventlog.ports.stores import EventStore
from baton.projector.run_as_of import RunAsOf, run_as_of
from baton.protocols.iso_time import format_time

MAX_BODY_BYTES: Final = 64 * 1024
"""The size from which on values of more than `MAX_VALUE_BYTES` are left out of a body."""
MAX_VALUE_BYTES: Final = 1_024
CACHED_RUNS: Final = 64
"""The number of runs whose events are kept for their next deliveries."""

Render: TypeAlias = Callable[[EventType, RunAsOf], JsonObject]
"""Called with an event's type and the run as of the event; returns the `data` of the body."""


class MessageBodies:
    """Makes the bodies of deliveries from the streams of their runs."""

    def __init__(self, store: EventStore, render: Render) -> None:
        self._store = store
        self._render = render
        self._graphs = GraphCache(store)
        self._runs: dict[str, Sequence[Recorded]] = {}  # in the order of their last use

    async def body_of(self, stream: str, version: int, event: EventType) -> bytes:
        """Return the body of the message about version `version` of a run's stream.

        Raises `Unavailable`, and LookupError for a stream without that version.
        """
        events = self._runs.pop(stream, ())
        if len(events) < version:
            events = (*events, *await self._store.read(stream, after=len(events)))
        self._runs[stream] = events
        if len(self._runs) > CACHED_RUNS:
            del self._runs[next(iter(self._runs))]
        body = await self._rendered(events, version, event, omit_large=False)
        if len(body) <= MAX_BODY_BYTES:
            return body
        return await self._rendered(events, version, event, omit_large=True)

    async def _rendered(
        self, events: Sequence[Recorded], version: int, event: EventType, *, omit_large: bool
    ) -> bytes:
        as_of = await run_as_of(events, version, self._graphs)
        show = _omitted_if_large if omit_large else _shown
        as_of.run.input = show(as_of.run.input)
        as_of.run.context = {name: show(value) for name, value in as_of.run.context.items()}
        for step in as_of.steps:
            step.output = show(step.output)
        body: JsonObject = {
            "type": event,
            "timestamp": format_time(as_of.event.event.at),
            "data": self._render(event, as_of),
        }
        return orjson.dumps(body)


def _shown(value: Json) -> Json:
    """Return a value, or the name of a value that is an artifact."""
    if isinstance(value, Artifact):
        return {"$artifact": value.sha256, "bytes": value.bytes}
    return value


def _omitted_if_large(value: Json) -> Json:
    if isinstance(value, Artifact):
        return _shown(value)
    size = len(orjson.dumps(value))
    return value if size <= MAX_VALUE_BYTES else {"$omitted": True, "bytes": size}
