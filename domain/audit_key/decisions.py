"""Decisions about the audit key: a rotation to the key that already signs decides nothing."""

from baton.domain.audit_key.messages import AuditKeyRotated, Command, Event
from baton.domain.audit_key.state import State, evolve
from baton.domain.decider import Decider


def decide(command: Command, state: State) -> list[Event]:
    """Return the events of `command`."""
    if command.key in (state.key, command.former):
        return []
    return [
        AuditKeyRotated(
            former=command.former,
            key=command.key,
            endorsement=command.endorsement,
            actor=command.actor,
            at=command.at,
        )
    ]


DECIDER: Decider[Command, State, Event] = Decider("audit_key", State(), decide, evolve)
