"""The state of the hold, folded from its events."""

from dataclasses import dataclass
from typing import assert_never

from baton.domain.server_hold.messages import Event, ServerHeld, ServerReleased


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`held` is the event that began the hold, None while the server isn't held."""

    held: ServerHeld | None = None


def evolve(_state: State, event: Event) -> State:
    """Return the state after `event`."""
    match event:
        case ServerHeld():
            return State(held=event)
        case ServerReleased():
            return State()
    assert_never(event)
