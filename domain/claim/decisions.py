"""Decisions about claims: a name has one holder at a time."""

from typing import assert_never

from baton.domain.claim.messages import (
    ClaimName,
    Command,
    Event,
    NameClaimed,
    NameReleased,
    ReleaseName,
)
from baton.domain.claim.state import State, evolve
from baton.domain.decider import Decider
from baton.domain.errors import InConflict


def decide(command: Command, state: State) -> list[Event]:
    """Return the events of `command`; raises InConflict (`name_taken`)."""
    match command:
        case ClaimName():
            if state.holder == command.holder:
                return []
            if state.holder is not None:
                kind, _, name = command.name.partition(":")
                raise InConflict("name_taken", kind=kind, name=name)
            return [NameClaimed(name=command.name, holder=command.holder, at=command.at)]
        case ReleaseName():
            if state.holder != command.holder:
                return []
            return [NameReleased(name=command.name, holder=command.holder, at=command.at)]
    assert_never(command)


DECIDER: Decider[Command, State, Event] = Decider("claim", State(), decide, evolve)
