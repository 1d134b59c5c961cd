"""The state of an access, folded from its events."""

from dataclasses import dataclass

from baton.domain.access.messages import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The access, None before it is recorded."""

    recorded: Event | None = None


def evolve(state: State, event: Event) -> State:  # noqa: ARG001 - the signature of a fold
    """Return the state after `event`."""
    return State(recorded=event)
