"""Decisions about verifications: each is requested once and ends once."""

from typing import assert_never

from baton.domain.decider import Decider
from baton.domain.errors import NotFound
from baton.domain.verification.messages import (
    Command,
    Event,
    LogVerified,
    ReportFailure,
    ReportFinding,
    RequestVerification,
    VerificationFailed,
    VerificationRequested,
)
from baton.domain.verification.state import State, evolve


def decide(command: Command, state: State) -> list[Event]:
    """Return the events of `command`; raises NotFound. A repeated command decides nothing."""
    match command:
        case RequestVerification():
            return [] if state.requested_by is not None else [_requested(command)]
        case ReportFinding():
            return _end(state, LogVerified(finding=command.finding, at=command.at))
        case ReportFailure():
            return _end(state, VerificationFailed(reason=command.reason, at=command.at))
    assert_never(command)


def _requested(command: RequestVerification) -> VerificationRequested:
    return VerificationRequested(
        tenant=command.tenant,
        verification_id=command.verification_id,
        actor=command.actor,
        at=command.at,
    )


def _end(state: State, event: Event) -> list[Event]:
    if state.requested_by is None:
        raise NotFound("verification")
    return [] if state.ended_at is not None else [event]


DECIDER: Decider[Command, State, Event] = Decider("verification", State(), decide, evolve)
