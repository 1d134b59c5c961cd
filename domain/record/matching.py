"""The rule by which a record event starts a run of a definition, or the reason why it doesn't."""

from typing import Final, Literal, TypeAlias

from baton.domain.definition.messages import Body
from baton.domain.definition.trigger import EventTrigger, Trigger
from baton.domain.frozen import frozen

Field: TypeAlias = Literal["trigger", "type", "structure", "status"]


@frozen
class Matched:
    """The event starts a run."""


@frozen
class NotMatched:
    """The event starts no run, because `field` was `was` instead of `wanted`."""

    field: Field
    wanted: str
    was: str


MATCHED: Final = Matched()
_BY_CLOSENESS: Final[tuple[Field, ...]] = ("trigger", "type", "structure", "status")
"""The fields that can keep an event from matching, in the order in which they are compared."""


def match(body: Body, event_type: str, structure: str) -> Matched | NotMatched:
    """Return whether an event about a record of `structure` starts a run, or why it doesn't.

    If several triggers don't match, the reason is that of the first one that comes closest.
    """
    missed: list[NotMatched] = []
    for trigger in body.triggers:
        why = _missed(trigger, event_type, structure)
        if why is not None:
            missed.append(why)
        elif body.status != "active":
            return NotMatched(field="status", wanted="active", was=body.status)
        else:
            return MATCHED
    return max(missed, key=lambda miss: _BY_CLOSENESS.index(miss.field))


def _missed(trigger: Trigger, event_type: str, structure: str) -> NotMatched | None:
    if not isinstance(trigger, EventTrigger):
        return NotMatched(field="trigger", wanted=trigger.kind, was="event")
    if trigger.event_type != event_type:
        return NotMatched(field="type", wanted=trigger.event_type, was=event_type)
    if trigger.structure is not None and trigger.structure != structure:
        return NotMatched(field="structure", wanted=trigger.structure, was=structure)
    return None
