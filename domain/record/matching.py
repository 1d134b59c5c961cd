"""The rule by which a record event starts a run of a definition."""

from typing import Literal, TypeAlias

from baton.domain.definition.messages import Body
from baton.domain.definition.trigger import EventTrigger

Verdict: TypeAlias = Literal["starts", "inactive", "other_structure", "other_type"]


def verdict(body: Body, event_type: str, structure: str) -> Verdict:
    """Return whether an event about a record of `structure` starts a run, or why it doesn't."""
    trigger = body.trigger
    if not isinstance(trigger, EventTrigger) or trigger.event_type != event_type:
        return "other_type"
    if trigger.structure not in (None, structure):
        return "other_structure"
    return "starts" if body.status == "active" else "inactive"
