"""Attempts of a step: retries, deadlines, stale reports, takeovers."""

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from baton.domain.definition.graph import Graph, Retry
from baton.domain.run.attempts import CAP_MS, TAKEOVER_BACKOFFS_MS, backoff_ms
from baton.domain.run.messages.commands import (
    CancelRun,
    FireTimer,
    ReleaseAttempts,
    ReportOutcome,
    TakeOver,
)
from baton.domain.run.messages.run_events import RunCompleted, RunFailed
from baton.domain.run.messages.step_events import (
    RetryScheduled,
    StepFailed,
    StepReleased,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
)
from baton.domain.run.outcome import Error, Succeeded
from tests.domain.examples import BROKEN, fail, fire, running, succeed, time_out, token
from tests.domain.specification import Given
from tests.kit.actors import ANN
from tests.kit.definitions import compute, dag, sequence

ONCE = sequence(compute("a", timeout_ms=1_000))
THRICE = sequence(compute("a", timeout_ms=1_000, retry=Retry(max_attempts=3, backoff_ms=100)))
TIMEOUT = Error(code="TIMEOUT", message="The attempt took longer than 1000 ms")


def failed(attempt: int, *, final: bool, at: int = 30) -> StepFailed:
    return StepFailed(step_id="a", visit=1, attempt=attempt, at=at, error=BROKEN, final=final)


def timed_out(attempt: int, *, final: bool, at: int = 30) -> StepTimedOut:
    return StepTimedOut(step_id="a", visit=1, attempt=attempt, at=at, timeout_ms=1_000, final=final)


def waiting(attempt: int, *, due_at: int, at: int = 30) -> RetryScheduled:
    return RetryScheduled(step_id="a", visit=1, attempt=attempt, due_at=due_at, at=at)


def begun(attempt: int, *, at: int, cause: str = "retry") -> StepStarted:
    return StepStarted(
        step_id="a",
        visit=1,
        attempt=attempt,
        at=at,
        function="do-a",
        deadline_at=at + 1_000,
        cause=cause,  # type: ignore[arg-type]
    )


def test_a_failed_attempt_is_retried_after_its_backoff() -> None:
    backing_off = (
        running(THRICE)
        .when(fail(THRICE, "a", jitter=0.5))
        .then(failed(1, final=False), waiting(2, due_at=80))
    )

    backing_off.when(fire(THRICE, "a", attempt=2, at=79)).then_nothing()
    backing_off.when(fire(THRICE, "a", attempt=2, at=80)).then(begun(2, at=80))


def test_the_backoff_doubles_and_the_last_attempt_is_final() -> None:
    second = running(THRICE).after(fail(THRICE, "a"), fire(THRICE, "a", attempt=2, at=130))
    third = (
        second.when(fail(THRICE, "a", attempt=2, at=200))
        .then(failed(2, final=False, at=200), waiting(3, due_at=400, at=200))
        .after(fire(THRICE, "a", attempt=3, at=400))
    )

    third.when(fail(THRICE, "a", attempt=3, at=500)).then(
        failed(3, final=True, at=500), RunFailed(at=500, error=BROKEN, step_id="a")
    )


def test_a_backoff_of_zero_starts_the_next_attempt_at_once() -> None:
    running(THRICE).when(fail(THRICE, "a", jitter=0)).then(
        failed(1, final=False), waiting(2, due_at=30), begun(2, at=30)
    )


def test_an_error_that_is_not_retryable_is_final() -> None:
    running(THRICE).when(fail(THRICE, "a", retryable=False)).then(
        failed(1, final=True), RunFailed(at=30, error=BROKEN, step_id="a")
    )


def test_without_a_retry_policy_there_is_one_attempt() -> None:
    running(ONCE).when(fail(ONCE, "a")).then(
        failed(1, final=True), RunFailed(at=30, error=BROKEN, step_id="a")
    )


@pytest.mark.parametrize("attempt", [1, 2])
def test_success_after_retries_completes_the_run(attempt: int) -> None:
    run = running(THRICE)
    if attempt == 2:
        run = run.after(fail(THRICE, "a", jitter=0))

    run.when(succeed(THRICE, "a", {"ok": True}, attempt=attempt)).then(
        StepSucceeded(step_id="a", visit=1, attempt=attempt, at=30, output={"ok": True}),
        RunCompleted(at=30),
    )


def test_an_attempt_that_passes_its_deadline_fails_with_a_timeout() -> None:
    running(ONCE).when(time_out(ONCE, "a")).then(
        timed_out(1, final=True), RunFailed(at=30, error=TIMEOUT, step_id="a")
    )


def test_a_deadline_timer_ends_the_attempt_only_once_it_is_due() -> None:
    running(THRICE).when(fire(THRICE, "a", at=1_019)).then_nothing()
    running(THRICE).when(fire(THRICE, "a", at=1_020)).then(
        timed_out(1, final=False, at=1_020), waiting(2, due_at=1_120, at=1_020)
    )


def test_a_timer_of_an_ended_attempt_does_nothing() -> None:
    over = running(THRICE).after(fail(THRICE, "a"))

    over.when(fire(THRICE, "a", at=9_999)).then_nothing()
    running(ONCE).after(succeed(ONCE, "a")).when(fire(ONCE, "a", at=9_999)).then_nothing()


def test_a_repeated_report_decides_nothing() -> None:
    graph = sequence(compute("a", next="b"), compute("b"))

    running(graph).after(succeed(graph, "a")).when(succeed(graph, "a")).then_nothing()
    running(graph).after(succeed(graph, "a")).when(fail(graph, "a")).then_nothing()


def test_a_report_of_an_attempt_that_was_superseded_is_refused() -> None:
    second = running(THRICE).after(fail(THRICE, "a", jitter=0))

    refusal = second.when(succeed(THRICE, "a")).then_refused("stale_attempt")
    assert refusal.details == {"step_id": "a", "attempt": 1}


def test_a_report_of_an_attempt_that_never_started_is_refused() -> None:
    running(ONCE).when(succeed(ONCE, "z")).then_refused("stale_attempt")
    running(ONCE).when(succeed(ONCE, "a", attempt=2)).then_refused("stale_attempt")
    running(ONCE).when(succeed(ONCE, "a", visit=2)).then_refused("stale_attempt")


def test_a_repeated_report_during_the_backoff_decides_nothing() -> None:
    backing_off = running(THRICE).after(fail(THRICE, "a"))

    backing_off.when(succeed(THRICE, "a", attempt=2)).then_nothing()


def test_a_warning_is_kept_with_the_outcome() -> None:
    outcome = Succeeded(output="success", warning="no function")
    report = ReportOutcome(token=token("a"), outcome=outcome, graph=ONCE, at=30)
    succeeded = StepSucceeded(
        step_id="a", visit=1, attempt=1, at=30, output="success", warning="no function"
    )

    running(ONCE).when(report).then(succeeded, RunCompleted(at=30))


def lost(attempt: int, *, due_at: int, at: int) -> RetryScheduled:
    """Return the event of a takeover: the attempt before `attempt` was lost."""
    return RetryScheduled(
        step_id="a", visit=1, attempt=attempt, due_at=due_at, at=at, cause="takeover"
    )


def losing(graph: Graph, times: int) -> Given:
    """Return a run whose executor was lost `times` times, each time during a running attempt."""
    run = running(graph)
    for attempt in range(1, times + 1):
        run = run.after(TakeOver(graph=graph, at=40), due(graph, attempt + 1, at=20_000))
    return run


def due(graph: Graph, attempt: int, *, at: int) -> FireTimer:
    return FireTimer(token=token("a", attempt), graph=graph, at=at)


def test_a_takeover_schedules_a_new_attempt_and_fences_the_old_one() -> None:
    taken = running(ONCE).when(TakeOver(graph=ONCE, at=40)).then(lost(2, due_at=1_040, at=40))

    taken.when(succeed(ONCE, "a", at=50)).then_refused("stale_attempt")
    again = taken.when(due(ONCE, 2, at=1_040)).then(begun(2, at=1_040, cause="retry"))
    assert again.after(succeed(ONCE, "a", attempt=2, at=1_050)).state.status == "completed"


def test_takeovers_of_one_visit_back_off_longer_each_time() -> None:
    waits = [
        losing(ONCE, times).when(TakeOver(graph=ONCE, at=0)).decided()[0].due_at
        for times in range(5)
    ]

    assert waits == [1_000, 2_000, 4_000, 8_000, 16_000]


def test_a_takeover_does_not_count_as_a_retry() -> None:
    taken = losing(THRICE, 4)

    taken.when(fail(THRICE, "a", attempt=5)).then(failed(5, final=False), waiting(6, due_at=130))


def test_a_takeover_ignores_steps_that_no_executor_runs() -> None:
    run = running(THRICE).after(fail(THRICE, "a"))

    run.when(TakeOver(graph=THRICE, at=40)).then_nothing()
    running(ONCE).after(succeed(ONCE, "a")).when(TakeOver(graph=ONCE, at=40)).then_nothing()


def test_a_takeover_continues_every_running_step() -> None:
    graph = dag(compute("a"), compute("b"), compute("c"))
    run = running(graph).after(succeed(graph, "b"))
    decided = run.when(TakeOver(graph=graph, at=40)).decided()

    assert [(event.step_id, event.attempt) for event in decided] == [("a", 2), ("c", 2)]


def test_a_step_that_ends_its_executor_every_time_fails_as_executor_lost() -> None:
    doomed = losing(THRICE, len(TAKEOVER_BACKOFFS_MS))
    error = Error(code="EXECUTOR_LOST", message="The executor was lost 6 times during this step")

    doomed.when(TakeOver(graph=THRICE, at=50)).then(
        StepFailed(step_id="a", visit=1, attempt=6, at=50, error=error),
        RunFailed(at=50, error=error, step_id="a"),
    )


def test_a_clean_stop_hands_a_step_over_without_counting() -> None:
    run = losing(ONCE, 5)
    for attempt in range(6, 16):
        released = ReleaseAttempts(tokens=(token("a", attempt),), at=60)
        run = run.when(released).then(StepReleased(step_id="a", visit=1, attempt=attempt, at=60))
        run.when(succeed(ONCE, "a", attempt=attempt, at=61)).then_refused("stale_attempt")
        run = run.when(TakeOver(graph=ONCE, at=70)).then(
            begun(attempt + 1, at=70, cause="handover")
        )

    assert run.after(succeed(ONCE, "a", attempt=16)).state.status == "completed"


def test_an_executor_releases_only_its_own_attempts() -> None:
    released = ReleaseAttempts(tokens=(token("a"), token("b")), at=60)

    losing(ONCE, 1).when(released).then_nothing()
    running(ONCE).after(succeed(ONCE, "a")).when(released).then_nothing()


def test_a_released_attempt_has_no_deadline_and_can_be_cancelled() -> None:
    run = running(ONCE).after(ReleaseAttempts(tokens=(token("a"),), at=60))

    run.when(due(ONCE, 1, at=10**9)).then_nothing()
    assert run.after(CancelRun(actor=ANN, at=70)).state.status == "cancelled"


@for_all(st.integers(0, 10**12), st.floats(1, 100), st.integers(1, 10_000), st.floats(0, 1))
def test_a_backoff_is_within_its_bounds(
    first_ms: int, multiplier: float, failures: int, jitter: float
) -> None:
    retry = Retry(max_attempts=10_000, backoff_ms=first_ms, multiplier=multiplier)

    assert 0 <= backoff_ms(retry, failures, jitter) <= backoff_ms(retry, failures, 1) <= CAP_MS
    assert backoff_ms(retry, 1, 1) == min(CAP_MS, first_ms)
    assert backoff_ms(retry, failures, 1) <= backoff_ms(retry, failures + 1, 1)


def test_the_backoff_grows_to_five_minutes() -> None:
    retry = Retry(max_attempts=20, backoff_ms=1_000)

    assert [backoff_ms(retry, n, 1) for n in (1, 2, 3, 9, 10)] == [
        1_000,
        2_000,
        4_000,
        256_000,
        300_000,
    ]
    assert backoff_ms(retry, 3, 0.25) == 1_000
