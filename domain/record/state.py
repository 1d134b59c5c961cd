"""A record event as its events leave it."""

from dataclasses import dataclass, replace
from typing import assert_never

from baton.domain.record.messages import Event, RecordReceived, TriggersConsidered


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What was received, and whether the triggers were looked at."""

    received: RecordReceived | None = None
    considered: TriggersConsidered | None = None


def evolve(state: State, event: Event) -> State:
    """Return the state after `event`."""
    match event:
        case RecordReceived():
            return replace(state, received=event)
        case TriggersConsidered():
            return replace(state, considered=event)
    assert_never(event)
