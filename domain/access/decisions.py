"""Decisions about accesses: each access is recorded once."""

from typing import Final

from baton.domain.access.messages import Command, Event
from baton.domain.access.state import State, evolve
from baton.domain.decider import Decider

MAX_TEXT: Final = 200
"""The number of characters of a user agent, or of a claimed name, that an event records."""


def decide(command: Command, state: State) -> list[Event]:
    """Return the events of `command`; a repeated command decides nothing."""
    return [] if state.recorded is not None else [command.event]


DECIDER: Decider[Command, State, Event] = Decider("access", State(), decide, evolve)
