"""The rule by which a record event starts a run of a definition, and why it doesn't."""

from typing import Final, Literal, TypeAlias

from baton.domain.definition.messages import Body
from baton.domain.definition.trigger import EventTrigger
from baton.domain.frozen import frozen

Field: TypeAlias = Literal["trigger", "type", "structure", "status"]


@frozen
class Matched:
    """The event starts a run."""


@frozen
class NotMatched:
    """The event starts no run, because `field` should be `wanted` and was `was`."""

    field: Field
    wanted: str
    was: str


MATCHED: Final = Matched()


def match(body: Body, event_type: str, structure: str) -> Matched | NotMatched:
    """Return whether an event about a record of `structure` starts a run, or why it doesn't."""
    trigger = body.trigger
    if not isinstance(trigger, EventTrigger):
        return NotMatched(field="trigger", wanted=trigger.kind, was="event")
    if trigger.event_type != event_type:
        return NotMatched(field="type", wanted=trigger.event_type, was=event_type)
    if trigger.structure is not None and trigger.structure != structure:
        return NotMatched(field="structure", wanted=trigger.structure, was=structure)
    if body.status != "active":
        return NotMatched(field="status", wanted="active", was=body.status)
    return MATCHED
