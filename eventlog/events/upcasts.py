"""What turns an event as an older release wrote it into today's shape, before it is decoded.

An entry is added when an event changes in a way that a default can't express. Every released shape
has a recorded history under `tests/replay`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from baton.domain.json import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcast:
    """How one topic's raw event changes; `topic` is its new name where that changed too.

    `change` meets old and new shapes alike and must leave the new one as it is.
    """

    change: Callable[[JsonObject], JsonObject]
    topic: str | None = None


Upcasts = Mapping[str, Upcast]
"""From the topic an event was stored under."""

UPCASTS: Upcasts = {}


def upcast(topic: str, raw: JsonObject, upcasts: Upcasts = UPCASTS) -> tuple[str, JsonObject]:
    """Return today's topic and shape of a stored event."""
    while (step := upcasts.get(topic)) is not None:
        raw = step.change(raw)
        if step.topic is None or step.topic == topic:
            break
        topic = step.topic
    return topic, raw
