"""Commands and events of a delivery. Event names and fields are the storage format.

A delivery names the event of the run that it tells of by the run's id and the event's version. Its
body is made of the run's stream, so it is the same for every attempt. Times are milliseconds since
the epoch, UTC.
"""

from dataclasses import dataclass
from typing import TypeAlias

from baton.domain.actor import Actor
from baton.domain.frozen import frozen
from baton.domain.webhook.messages import EventType


@frozen
class RequestDelivery:
    """Deliver an event of a run; `ordered` waits for earlier deliveries of the same run."""

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
    """The receiver took the delivery, with this status of HTTP, in attempt `attempt`."""

    attempt: int
    status: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFailure:
    """Attempt `attempt` failed: no response, or one with a `status` other than 2xx.

    `backoff_ms` are the delays before the second, third, … attempt. `retry_after_ms` is how long
    the receiver asked to be left alone. After a `fatal` failure there is no other attempt.
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
    """Begin the attempts again, at once."""

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
    """The receiver took the delivery."""

    attempt: int
    status: int
    at: int


@frozen(slots=False)
class DeliveryFailed:
    """The attempt failed; the next one is due at `next_at`."""

    attempt: int
    error: str
    status: int | None = None
    next_at: int
    at: int


@frozen(slots=False)
class DeliveryDied:
    """The attempt failed and no other follows, unless the delivery is redriven."""

    attempt: int
    error: str
    status: int | None = None
    at: int


@frozen(slots=False)
class DeliveryRedriven:
    """The attempts begin again, at once."""

    actor: Actor
    at: int


@frozen(slots=False)
class DeliveryForgotten:
    """The delivery ended long ago: no list shows it and nothing redrives it any more."""

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
