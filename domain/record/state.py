"""The state of a record event, folded from its events."""

from dataclasses import dataclass, replace
from typing import assert_never

from baton.domain.record.messages import Event, RecordReceived, TriggersConsidered


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The record event and the outcome of matching it, each None until it is recorded."""

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
