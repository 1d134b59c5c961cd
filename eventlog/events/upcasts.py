"""Upcasts: convert events that an older release stored to the current shape.

An upcast is needed when an event changes in a way that a field's default can't express. Each
released shape has a recorded history under `tests/replay`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from baton.domain.json import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcast:
    """The conversion of one topic's raw event; `topic` is its new topic, if that changed too.

    `change` is called with events of the old and of the new shape, and must return the new shape
    unchanged.
    """

    change: Callable[[JsonObject], JsonObject]
    topic: str | None = None


Upcasts = Mapping[str, Upcast]
"""Upcasts by the topic under which an event was stored."""

UPCASTS: Upcasts = {}


def upcast(topic: str, raw: JsonObject, upcasts: Upcasts = UPCASTS) -> tuple[str, JsonObject]:
    """Return the current topic and shape of a stored event; chains of upcasts are followed."""
    while (step := upcasts.get(topic)) is not None:
        raw = step.change(raw)
        if step.topic is None or step.topic == topic:
            break
        topic = step.topic
    return topic, raw


def present_topic(topic: str, upcasts: Upcasts = UPCASTS) -> str:
    """Return the current topic of events that are stored under a topic."""
    step = upcasts.get(topic)
    if step is None or step.topic is None or step.topic == topic:
        return topic
    return present_topic(step.topic, upcasts)
