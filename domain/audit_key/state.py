"""The audit key, folded from its events."""

from dataclasses import dataclass

from baton.domain.audit_key.messages import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The signing key, None before the first rotation."""

    key: str | None = None


def evolve(state: State, event: Event) -> State:  # noqa: ARG001 - the signature of a fold
    """Return the state after `event`."""
    return State(key=event.key)
