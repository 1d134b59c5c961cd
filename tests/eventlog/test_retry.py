"""Retrying an action: which errors are retried, for how long, and with which delays."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from baton.eventlog.errors import InUse, Unavailable
from baton.eventlog.loops.retry import FOREVER, RetryPolicy, retry
from tests.kit.clock import ManualClock

LOG = logging.getLogger("baton.tests")


class Failing:
    """An action that raises each of `errors` in turn and then succeeds."""

    def __init__(self, clock: ManualClock, errors: Iterator[Exception]) -> None:
        self.clock = clock
        self.errors = errors
        self.called_at: list[int] = []

    async def __call__(self) -> str:
        self.called_at.append(self.clock.now())
        for error in self.errors:
            raise error
        return "done"


def failing(*errors: Exception) -> Failing:
    return Failing(ManualClock(now=0), iter(errors))


async def outcome(action: Failing, policy: RetryPolicy = FOREVER) -> str:
    """Retry the action, and advance its clock whenever the retry sleeps."""
    call = retry(action, clock=action.clock, log=LOG, doing="testing", policy=policy)
    task = asyncio.create_task(call)
    await action.clock.advance_until(task.done, step_ms=policy.first_ms)
    return await task


async def test_the_delay_grows_up_to_its_maximum() -> None:
    action = failing(*(Unavailable("no connection") for _ in range(5)))

    assert await outcome(action, RetryPolicy(first_ms=10, max_ms=50, factor=2)) == "done"
    assert action.called_at == [0, 10, 30, 70, 120, 170]


async def test_any_other_error_is_raised_at_its_last_attempt() -> None:
    action = failing(Unavailable(), ValueError("one"), Unavailable(), ValueError("two"))
    with pytest.raises(ValueError, match="two"):
        await outcome(action, RetryPolicy(first_ms=10, attempts=2))

    assert len(action.called_at) == 4


async def test_a_fatal_error_is_raised_although_it_is_transient() -> None:
    with pytest.raises(InUse):
        await outcome(failing(Unavailable(), InUse()), RetryPolicy(first_ms=10, fatal=(InUse,)))


async def test_a_deadline_ends_the_retries_with_the_newest_error() -> None:
    action = failing(Unavailable("first"), Unavailable("second"))
    policy = RetryPolicy(first_ms=10, max_ms=60_000, factor=6_000, give_up_after_s=1.0)
    with pytest.raises(Unavailable, match="second"):
        await outcome(action, policy)


async def test_each_failed_attempt_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    await outcome(failing(Unavailable("away"), ValueError("odd")), RetryPolicy(attempts=2))

    assert caplog.messages == [
        "testing failed, retrying in 50 ms: away",
        "testing failed (attempt 1), retrying in 100 ms",
    ]
