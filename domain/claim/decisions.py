"""What a command to a claim leads to."""

from typing import assert_never

from baton.domain.claim.messages import (
    WORDS,
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


class NameTaken(InConflict):
    """Somebody else holds the name; `kind` and `text` are its two halves."""

    def __init__(self, name: str) -> None:
        self.kind, _, self.text = name.partition(":")
        word = WORDS.get(self.kind, self.kind)
        super().__init__(f"Definition with {word} '{self.text}' already exists")


def decide(command: Command, state: State) -> list[Event]:
    """Return the events of `command`; raises NameTaken."""
    match command:
        case ClaimName():
            if state.holder == command.holder:
                return []
            if state.holder is not None:
                raise NameTaken(command.name)
            return [NameClaimed(name=command.name, holder=command.holder, at=command.at)]
        case ReleaseName():
            if state.holder != command.holder:
                return []
            return [NameReleased(name=command.name, holder=command.holder, at=command.at)]
    assert_never(command)


DECIDER: Decider[Command, State, Event] = Decider("claim", State(), decide, evolve)
