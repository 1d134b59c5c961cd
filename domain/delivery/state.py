"""The state of a delivery, folded from its events."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, assert_never

from baton.domain.delivery.messages import (
    DeliveryDied,
    DeliveryFailed,
    DeliveryForgotten,
    DeliveryRedriven,
    DeliveryRequested,
    DeliverySucceeded,
    Event,
)

Status: TypeAlias = Literal["pending", "delivered", "dead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A delivery; `requested` is None before it is requested.

    `attempts` counts all ended attempts. `failures` counts the failed ones since the delivery was
    requested or redriven, at `begun_at`. `due_at` is the time of the next attempt of a pending
    delivery, `ended_at` the time at which the delivery succeeded or died.
    """

    requested: DeliveryRequested | None = None
    status: Status = "pending"
    attempts: int = 0
    failures: int = 0
    due_at: int = 0
    begun_at: int = 0
    ended_at: int = 0
    forgotten: bool = False


def evolve(state: State, event: Event) -> State:
    """Return the state after `event`."""
    match event:
        case DeliveryRequested():
            return State(requested=event, due_at=event.at, begun_at=event.at)
        case DeliverySucceeded():
            return replace(state, status="delivered", attempts=event.attempt, ended_at=event.at)
        case DeliveryFailed():
            failures = state.failures + 1
            return replace(state, attempts=event.attempt, failures=failures, due_at=event.next_at)
        case DeliveryDied():
            failures = state.failures + 1
            return replace(
                state,
                status="dead",
                attempts=event.attempt,
                failures=failures,
                ended_at=event.at,
            )
        case DeliveryRedriven():
            return replace(state, status="pending", failures=0, due_at=event.at, begun_at=event.at)
        case DeliveryForgotten():
            return replace(state, forgotten=True)
    assert_never(event)
