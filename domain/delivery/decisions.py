"""Decisions about deliveries: each is requested once, and each attempt ends once."""

from typing import Final, assert_never

from baton.domain.decider import Decider
from baton.domain.delivery.messages import (
    Command,
    DeliveryDied,
    DeliveryFailed,
    DeliveryForgotten,
    DeliveryRedriven,
    DeliveryRequested,
    DeliverySucceeded,
    Event,
    ForgetDelivery,
    Redrive,
    ReportFailure,
    ReportSuccess,
    RequestDelivery,
)
from baton.domain.delivery.state import State, evolve
from baton.domain.errors import InConflict, NotFound

BACKOFF_MS: Final = tuple(
    1_000 * seconds for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""The default delays before the second, third, … attempt (Standard Webhooks 1.0)."""
MAX_RETRY_AFTER_MS: Final = 24 * 3_600_000
"""The longest time for which a receiver can put off the next attempt."""


def decide(command: Command, state: State) -> list[Event]:
    """Return the events of `command`; raises NotFound, InConflict.

    A report about an attempt that ended before decides nothing.
    """
    if isinstance(command, RequestDelivery):
        return [] if state.requested else [_requested(command)]
    if state.requested is None:
        raise NotFound("delivery")
    match command:
        case Redrive():
            return _redrive(command, state)
        case ForgetDelivery():
            return _forget(command, state)
        case ReportSuccess() | ReportFailure():
            if state.status != "pending" or command.attempt != state.attempts + 1:
                return []
            if isinstance(command, ReportFailure):
                return [_failed(command, state)]
            return [
                DeliverySucceeded(attempt=command.attempt, status=command.status, at=command.at)
            ]
    assert_never(command)


def _requested(command: RequestDelivery) -> DeliveryRequested:
    return DeliveryRequested(
        tenant=command.tenant,
        webhook_id=command.webhook_id,
        event=command.event,
        run_id=command.run_id,
        run_version=command.run_version,
        step_id=command.step_id,
        ordered=command.ordered,
        at=command.at,
    )


def _failed(command: ReportFailure, state: State) -> DeliveryFailed | DeliveryDied:
    retries = command.backoff_ms
    if command.fatal or state.failures >= len(retries):
        return DeliveryDied(
            attempt=command.attempt, error=command.error, status=command.status, at=command.at
        )
    requested_ms = min(max(0, command.retry_after_ms), MAX_RETRY_AFTER_MS)
    return DeliveryFailed(
        attempt=command.attempt,
        error=command.error,
        status=command.status,
        next_at=command.at + max(retries[state.failures], requested_ms),
        at=command.at,
    )


def _forget(command: ForgetDelivery, state: State) -> list[Event]:
    if state.forgotten or state.status == "pending" or state.ended_at >= command.ended_before:
        return []
    return [DeliveryForgotten(at=command.at)]


def _redrive(command: Redrive, state: State) -> list[Event]:
    if state.forgotten:
        raise NotFound("delivery")
    if state.status == "delivered":
        raise InConflict("already_delivered")
    if state.status == "pending" and state.due_at <= command.at:
        return []
    return [DeliveryRedriven(actor=command.actor, at=command.at)]


DECIDER: Decider[Command, State, Event] = Decider("delivery", State(), decide, evolve)
