"""Deliveries: requested once, retried on a schedule, dead after the last attempt, redriven."""

from dataclasses import replace

import pytest
from hypothesis import given as each
from hypothesis import strategies as st

from baton.domain.delivery.decisions import BACKOFF_MS, DECIDER, MAX_RETRY_AFTER_MS
from baton.domain.delivery.messages import (
    DeliveryDied,
    DeliveryFailed,
    DeliveryForgotten,
    DeliveryRedriven,
    DeliveryRequested,
    DeliverySucceeded,
    ForgetDelivery,
    Redrive,
    ReportFailure,
    ReportSuccess,
    RequestDelivery,
)
from tests.domain.specification import given
from tests.kit.actors import ANN

REQUEST = RequestDelivery(
    tenant="acme",
    webhook_id="w1",
    event="task.execution.failed",
    run_id="r1",
    run_version=4,
    step_id="a",
    at=10,
)
REQUESTED = DeliveryRequested(
    tenant="acme",
    webhook_id="w1",
    event="task.execution.failed",
    run_id="r1",
    run_version=4,
    step_id="a",
    at=10,
)
FAILURE = ReportFailure(attempt=1, error="HTTP_503", status=503, backoff_ms=(5, 300), at=20)
FAILED = DeliveryFailed(attempt=1, error="HTTP_503", status=503, next_at=25, at=20)
SUCCESS = ReportSuccess(attempt=1, status=200, at=20)
SUCCEEDED = DeliverySucceeded(attempt=1, status=200, at=20)
REDRIVE = Redrive(actor=ANN, at=30)


def test_a_delivery_is_requested_once() -> None:
    given(DECIDER).when(REQUEST).then(REQUESTED).when(replace(REQUEST, at=99)).then_nothing()


def test_an_attempt_succeeds_once() -> None:
    given(DECIDER, REQUESTED).when(SUCCESS).then(SUCCEEDED).when(SUCCESS).then_nothing()


def test_a_failed_attempt_is_followed_by_another_at_its_time() -> None:
    failed = given(DECIDER, REQUESTED).when(FAILURE).then(FAILED)

    failed.when(FAILURE).then_nothing()
    again = DeliveryFailed(attempt=2, error="HTTP_503", status=503, next_at=325, at=25)
    failed.when(replace(FAILURE, attempt=2, at=25)).then(again)


def test_a_delivery_is_dead_after_its_last_attempt() -> None:
    last = replace(FAILURE, attempt=3, at=325)
    dead = given(DECIDER, REQUESTED).after(FAILURE, replace(FAILURE, attempt=2, at=25))

    after = dead.when(last).then(DeliveryDied(attempt=3, error="HTTP_503", status=503, at=325))

    assert after.state.status == "dead"
    after.when(replace(SUCCESS, attempt=4)).then_nothing()


def test_a_fatal_failure_has_no_other_attempt() -> None:
    dead = DeliveryDied(attempt=1, error="HTTP_503", status=503, at=20)

    given(DECIDER, REQUESTED).when(replace(FAILURE, fatal=True)).then(dead)


@pytest.mark.parametrize(
    ("asked", "next_at"), [(3, 25), (1_000, 1_020), (10**12, 20 + MAX_RETRY_AFTER_MS), (-9, 25)]
)
def test_a_receiver_can_put_off_the_next_attempt(asked: int, next_at: int) -> None:
    command = replace(FAILURE, retry_after_ms=asked)

    given(DECIDER, REQUESTED).when(command).then(replace(FAILED, next_at=next_at))


def test_a_dead_delivery_is_redriven_with_all_of_its_retries() -> None:
    dead = DeliveryDied(attempt=1, error="HTTP_410", status=410, at=20)
    redriven = given(DECIDER, REQUESTED, dead).when(REDRIVE)
    pending = redriven.then(DeliveryRedriven(actor=ANN, at=30))

    pending.when(replace(REDRIVE, at=31)).then_nothing()
    pending.when(replace(FAILURE, attempt=2, at=40)).then(
        DeliveryFailed(attempt=2, error="HTTP_503", status=503, next_at=45, at=40)
    )
    assert (pending.state.due_at, pending.state.begun_at, pending.state.attempts) == (30, 30, 1)


def test_a_delivery_in_its_backoff_can_be_redriven_and_a_due_one_needs_none() -> None:
    waiting = replace(FAILED, next_at=500)
    given(DECIDER, REQUESTED, waiting).when(REDRIVE).then(DeliveryRedriven(actor=ANN, at=30))
    given(DECIDER, REQUESTED).when(REDRIVE).then_nothing()


def test_a_delivery_that_arrived_is_not_redriven() -> None:
    refusal = given(DECIDER, REQUESTED, SUCCEEDED).when(REDRIVE)

    refusal.then_refused("conflict", reason="already_delivered")


@pytest.mark.parametrize("command", [SUCCESS, FAILURE, REDRIVE])
def test_a_delivery_that_was_not_requested_has_no_attempts(command: object) -> None:
    given(DECIDER).when(command).then_refused("not_found", subject="delivery")


def test_the_default_retries_take_three_days() -> None:
    seconds = [ms // 1_000 for ms in BACKOFF_MS]

    assert seconds == [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]


@each(st.lists(st.booleans(), max_size=20), st.lists(st.integers(0, 50), max_size=6))
def test_attempts_are_counted_and_never_come_early(
    outcomes: list[bool], backoff: list[int]
) -> None:
    state, now = DECIDER.fold([REQUESTED]), 10
    for number, good in enumerate(outcomes, 1):
        now = max(now, state.due_at)
        command = (
            ReportSuccess(attempt=number, status=200, at=now)
            if good
            else ReportFailure(attempt=number, error="no", backoff_ms=tuple(backoff), at=now)
        )
        events, state = DECIDER.apply(command, state)
        if not events:
            break
        assert state.attempts == number
        assert state.failures <= len(backoff) + 1
        if state.status == "pending":
            assert state.due_at == now + backoff[state.failures - 1]
    assert (state.status == "delivered") == (True in outcomes[: state.attempts])
    assert (state.status == "dead") == (state.failures > len(backoff))


DIED = DeliveryDied(attempt=1, error="HTTP_410", status=410, at=20)
FORGET = ForgetDelivery(ended_before=21, at=90)


@pytest.mark.parametrize("ended", [SUCCEEDED, DIED])
def test_a_delivery_is_forgotten_once_after_its_end(
    ended: DeliverySucceeded | DeliveryDied,
) -> None:
    forgotten = given(DECIDER, REQUESTED, ended).when(FORGET).then(DeliveryForgotten(at=90))

    forgotten.when(FORGET).then_nothing()
    forgotten.when(REDRIVE).then_refused("not_found")
    forgotten.when(REQUEST).then_nothing()


def test_what_is_pending_or_ended_later_is_not_forgotten() -> None:
    given(DECIDER, REQUESTED).when(FORGET).then_nothing()
    given(DECIDER, REQUESTED, FAILED).when(FORGET).then_nothing()
    given(DECIDER, REQUESTED, DIED).when(replace(FORGET, ended_before=20)).then_nothing()
    redriven = given(DECIDER, REQUESTED, DIED, DeliveryRedriven(actor=ANN, at=30))
    redriven.when(FORGET).then_nothing()
