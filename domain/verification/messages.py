"""Commands and events of verifications. Event names and fields are the storage format.

Times are milliseconds since the epoch, UTC.
"""

from dataclasses import dataclass
from typing import TypeAlias

from baton.domain.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of a verification.

    `break_reason` says what is wrong at the first break of the log, None for an intact log. The
    other members of the break are None if the break isn't at a single event. `head_root` is in
    lowercase hex. `sealed` counts the events that a signed head of `head_size` leaves covers.
    """

    events: int
    streams: int
    position: int
    sealed: int
    heads: int
    head_size: int | None
    head_root: str | None
    signed_by: tuple[str, ...]
    break_reason: str | None = None
    break_stream: str | None = None
    break_version: int | None = None
    break_position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestVerification:
    """Verify every stored event, of all tenants."""

    tenant: str
    verification_id: str
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFinding:
    """Report the result; the first report counts."""

    finding: Finding
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFailure:
    """Report that the verification ended without a result."""

    reason: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationRequested:
    """`actor` requested a verification."""

    tenant: str
    verification_id: str
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogVerified:
    """Every stored event was compared with its leaf, and every signed head with the leaves."""

    finding: Finding
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationFailed:
    """The verification ended without a result."""

    reason: str
    at: int


Command: TypeAlias = RequestVerification | ReportFinding | ReportFailure
Event: TypeAlias = VerificationRequested | LogVerified | VerificationFailed
