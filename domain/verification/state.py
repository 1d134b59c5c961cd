"""The state of a verification, folded from its events."""

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, assert_never

from baton.domain.actor import Actor
from baton.domain.verification.messages import (
    Event,
    Finding,
    LogVerified,
    VerificationFailed,
    VerificationRequested,
)

LIMIT_MS: Final = 3_600_000
"""The longest time that a verification may take."""

Status: TypeAlias = Literal["running", "verified", "broken", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A verification; `requested_by` is None before the request.

    `ended_at` is None until it has a `finding`, or has failed for the reason `failure`.
    """

    verification_id: str = ""
    requested_by: Actor | None = None
    requested_at: int = 0
    ended_at: int | None = None
    finding: Finding | None = None
    failure: str | None = None

    def status_at(self, now: int) -> Status:
        """Return the status at `now` (ms, UTC).

        A verification that has no result after `LIMIT_MS` counts as failed, because its process has
        ended.
        """
        if self.finding is not None:
            return "verified" if self.finding.break_reason is None else "broken"
        late = now > self.requested_at + LIMIT_MS
        return "failed" if late or self.failure is not None else "running"


def evolve(state: State, event: Event) -> State:
    """Return the state after `event`."""
    match event:
        case VerificationRequested():
            return State(
                verification_id=event.verification_id,
                requested_by=event.actor,
                requested_at=event.at,
            )
        case LogVerified():
            return replace(state, finding=event.finding, ended_at=event.at)
        case VerificationFailed():
            return replace(state, failure=event.reason, ended_at=event.at)
    assert_never(event)
