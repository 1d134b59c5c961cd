"""Decisions about the hold: the server is held or it isn't, and repetitions change nothing."""

from typing import assert_never

from baton.domain.decider import Decider
from baton.domain.server_hold.messages import (
    Command,
    Event,
    HoldServer,
    ReleaseServer,
    ServerHeld,
    ServerReleased,
)
from baton.domain.server_hold.state import State, evolve


def decide(command: Command, state: State) -> list[Event]:
    """Return the events of `command`."""
    match command:
        case HoldServer():
            if state.held is not None:
                return []
            return [ServerHeld(actor=command.actor, at=command.at, reason=command.reason)]
        case ReleaseServer():
            if state.held is None:
                return []
            return [ServerReleased(actor=command.actor, at=command.at)]
    assert_never(command)


DECIDER: Decider[Command, State, Event] = Decider("server_hold", State(), decide, evolve)
