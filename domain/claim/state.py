"""The state of a claim, folded from its events."""

from dataclasses import dataclass
from typing import assert_never

from baton.domain.claim.messages import Event, NameClaimed, NameReleased


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The holder of the name, None while the name is free."""

    holder: str | None = None


def evolve(state: State, event: Event) -> State:
    """Return the state after `event`."""
    match event:
        case NameClaimed():
            return State(holder=event.holder)
        case NameReleased():
            return State() if state.holder == event.holder else state
    assert_never(event)
