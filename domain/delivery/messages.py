"""Commands and events of a delivery. Event names and fields are the storage format.

A delivery names the run's event that it reports by the run's id and the event's version. Its body
is made from the run's stream, so it is the same for every attempt. Times are milliseconds since the
epoch, UTC.
"""

from dataclasses import dataclass
from typing import TypeAlias

from baton.domain.actor import Actor
from baton.domain.frozen import frozen
from baton.domain.webhook.messages import EventType


@frozen
class RequestDelivery:
    """Deliver an event of a run; with `ordered`, the delivery waits for earlier ones of the run."""

    tenant: str
    webhook_id: str
    event: EventType
    run_id: str
    run_version: int
    step_id: str | None = None
    ordered: bool = False
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSuccess:
    """The receiver accepted the delivery, with this HTTP status, in attempt `attempt`."""

    attempt: int
    status: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFailure:
    """Attempt `attempt` failed: no response, or a response with a `status` other than 2xx.

    `backoff_ms` are the delays before the second, third, … attempt. `retry_after_ms` is the delay
    that the receiver asked for. No further attempt follows a `fatal` failure.
    """

    attempt: int
    error: str
    status: int | None = None
    backoff_ms: tuple[int, ...] = ()
    retry_after_ms: int = 0
    fatal: bool = False
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """Start a new series of attempts, at once."""

    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetDelivery:
    """Forget the delivery if it ended before `ended_before`."""

    ended_before: int
    at: int


@frozen(slots=False)
class DeliveryRequested:
    """The event is to be delivered."""

    tenant: str
    webhook_id: str
    event: EventType
    run_id: str
    run_version: int
    step_id: str | None = None
    ordered: bool = False
    at: int


@frozen(slots=False)
class DeliverySucceeded:
    """The receiver accepted the delivery."""

    attempt: int
    status: int
    at: int


@frozen(slots=False)
class DeliveryFailed:
    """The attempt failed; the next attempt is due at `next_at`."""

    attempt: int
    error: str
    status: int | None = None
    next_at: int
    at: int


@frozen(slots=False)
class DeliveryDied:
    """The attempt failed, and no further attempt follows unless the delivery is redriven."""

    attempt: int
    error: str
    status: int | None = None
    at: int


@frozen(slots=False)
class DeliveryRedriven:
    """A new series of attempts starts, at once."""

    actor: Actor
    at: int


@frozen(slots=False)
class DeliveryForgotten:
    """The delivery ended long ago: lists leave it out, and it can't be redriven any more."""

    at: int


Command: TypeAlias = RequestDelivery | ReportSuccess | ReportFailure | Redrive | ForgetDelivery
Event: TypeAlias = (
    DeliveryRequested
    | DeliverySucceeded
    | DeliveryFailed
    | DeliveryDied
    | DeliveryRedriven
    | DeliveryForgotten
)
