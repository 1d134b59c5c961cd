"""Cancelling runs, and reopening failed or cancelled ones."""

from baton.domain.definition.graph import Delay, Retry
from baton.domain.run.decisions import DECIDER
from baton.domain.run.messages import Event
from baton.domain.run.messages.commands import CancelRun, RetryRun, StartRun, TakeOver
from baton.domain.run.messages.run_events import (
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunReopened,
    RunStarted,
)
from baton.domain.run.messages.step_events import DelayStarted, StepCancelled, StepStarted
from tests.domain.examples import BROKEN, fail, fire, request, running, succeed
from tests.domain.specification import given
from tests.kit.actors import BOB, EVE
from tests.kit.definitions import compute, dag, sequence

CHAIN = sequence(compute("a", next="b"), compute("b"))
WIDE = dag(compute("a"), compute("b"), compute("join", needs=("a", "b")))
CANCEL = CancelRun(actor=BOB, at=50, reason="wrong order")


def cut(step_id: str, attempt: int = 1) -> StepCancelled:
    return StepCancelled(step_id=step_id, visit=1, attempt=attempt, at=50)


def cancelled() -> RunCancelled:
    return RunCancelled(actor=BOB, at=50, reason="wrong order")


def again(*step_ids: str, at: int = 60) -> RunReopened:
    return RunReopened(actor=EVE, steps=step_ids, at=at)


def begun(step_id: str, attempt: int, at: int = 60) -> StepStarted:
    return StepStarted(
        step_id=step_id,
        visit=1,
        attempt=attempt,
        at=at,
        function=f"do-{step_id}",
        deadline_at=at + 300_000,
        cause="reopen",
    )


def retry(graph: object, step_id: str | None = None, at: int = 60) -> RetryRun:
    return RetryRun(graph=graph, actor=EVE, at=at, step_id=step_id)  # type: ignore[arg-type]


def test_a_cancel_ends_every_open_step() -> None:
    graph = dag(
        compute("a"),
        Delay(id="wait", delay_ms=10),
        compute("c", retry=Retry(max_attempts=2)),
        compute("d"),
    )
    run = running(graph).after(fail(graph, "c"), succeed(graph, "d"))

    run.when(CANCEL).then(cut("a"), cut("wait"), cut("c", attempt=2), cancelled())


def test_a_cancelled_run_starts_no_further_step() -> None:
    run = running(CHAIN).after(CANCEL)

    run.when(succeed(CHAIN, "a", at=60)).then_refused("stale_attempt")
    run.when(StartRun(graph=CHAIN, at=60)).then_nothing()
    run.when(fire(CHAIN, "a", at=10**9)).then_nothing()
    run.when(TakeOver(graph=CHAIN, at=60)).then_nothing()


def test_a_run_is_cancelled_before_it_starts() -> None:
    run = given(DECIDER).after(request(CHAIN)).when(CANCEL).then(cancelled())

    run.when(StartRun(graph=CHAIN, at=60)).then_nothing()


def test_cancelling_again_decides_nothing() -> None:
    running(CHAIN).after(CANCEL).when(CANCEL).then_nothing()


def test_a_run_that_has_ended_cannot_be_cancelled() -> None:
    completed = running(CHAIN).after(succeed(CHAIN, "a"), succeed(CHAIN, "b"))
    failed = running(CHAIN).after(fail(CHAIN, "a"))

    completed.when(CANCEL).then_refused("conflict", reason="run_ended", status="completed")
    failed.when(CANCEL).then_refused("conflict", reason="run_ended", status="failed")


def test_a_run_that_does_not_exist_is_neither_cancelled_nor_retried() -> None:
    given(DECIDER).when(CANCEL).then_refused("not_found", subject="run")
    given(DECIDER).when(retry(CHAIN)).then_refused("not_found", subject="run")


def test_a_failed_run_is_reopened_at_its_failed_step() -> None:
    failed = running(CHAIN).after(succeed(CHAIN, "a"), fail(CHAIN, "b"))
    reopened = failed.when(retry(CHAIN)).then(again("b"), begun("b", attempt=2))

    assert reopened.state.status == "running"
    assert reopened.after(succeed(CHAIN, "b", attempt=2)).history[-1] == RunCompleted(at=30)


def test_a_reopened_step_has_all_its_attempts_again() -> None:
    graph = sequence(compute("a", retry=Retry(max_attempts=2, backoff_ms=0)))
    failed = running(graph).after(fail(graph, "a"), fail(graph, "a", attempt=2))
    reopened = failed.after(retry(graph), fail(graph, "a", attempt=3))

    assert reopened.state.steps["a"].attempt == 4
    assert reopened.after(fail(graph, "a", attempt=4)).state.status == "failed"


def test_one_of_two_failed_steps_is_retried_and_the_other_fails_the_run_again() -> None:
    failed = running(WIDE).after(fail(WIDE, "a"), fail(WIDE, "b"))
    reopened = failed.when(retry(WIDE, "a")).then(again("a"), begun("a", attempt=2))

    assert reopened.after(succeed(WIDE, "a", attempt=2)).history[-1] == RunFailed(
        at=30, error=BROKEN, step_id="b"
    )


def test_all_failed_steps_are_retried_and_the_run_continues_after_them() -> None:
    failed = running(WIDE).after(fail(WIDE, "a"), fail(WIDE, "b"))
    reopened = failed.when(retry(WIDE)).then(
        again("a", "b"), begun("a", attempt=2), begun("b", attempt=2)
    )
    joined = reopened.after(succeed(WIDE, "a", attempt=2), succeed(WIDE, "b", attempt=2))

    assert joined.state.steps["join"].status == "running"


def test_a_retried_run_continues_at_its_cancelled_steps() -> None:
    graph = dag(compute("a"), Delay(id="wait", delay_ms=10), compute("c", needs=("wait",)))
    reopened = running(graph).after(CANCEL).when(retry(graph))
    waiting = DelayStarted(step_id="wait", visit=2, delay_ms=10, resume_at=70, at=60)
    going_on = reopened.then(again("a", "wait"), begun("a", attempt=2), waiting)

    ended: list[Event] = list(
        going_on.after(
            fire(graph, "wait", visit=2, at=70),
            succeed(graph, "a", attempt=2),
            succeed(graph, "c"),
        ).history
    )
    assert ended[-1] == RunCompleted(at=30)


def test_retrying_one_step_of_a_cancelled_run_reopens_all_cancelled_steps() -> None:
    run = running(WIDE).after(CANCEL).when(retry(WIDE, "b"))

    run.then(again("a", "b"), begun("a", attempt=2), begun("b", attempt=2))


def test_a_run_cancelled_before_it_started_starts_when_it_is_retried() -> None:
    run = given(DECIDER).after(request(CHAIN), CANCEL).when(retry(CHAIN))
    first = StepStarted(
        step_id="a", visit=1, attempt=1, at=60, function="do-a", deadline_at=300_060
    )

    run.then(again(), RunStarted(at=60), first)


def test_only_failed_steps_can_be_retried() -> None:
    completed = running(CHAIN).after(succeed(CHAIN, "a"), succeed(CHAIN, "b"))
    failed = running(CHAIN).after(succeed(CHAIN, "a"), fail(CHAIN, "b"))

    completed.when(retry(CHAIN)).then_refused("conflict", reason="nothing_to_retry")
    running(CHAIN).when(retry(CHAIN)).then_refused("conflict", reason="nothing_to_retry")
    failed.when(retry(CHAIN, "a")).then_refused("conflict", reason="nothing_to_retry")
    failed.when(retry(CHAIN, "z")).then_refused("conflict", reason="nothing_to_retry")
    failed.after(retry(CHAIN)).when(retry(CHAIN)).then_refused(
        "conflict", reason="nothing_to_retry"
    )
    given(DECIDER).after(request(CHAIN), CANCEL).when(retry(CHAIN, "a")).then_refused(
        "conflict", reason="nothing_to_retry"
    )


def test_a_late_report_of_a_reopened_step_is_stale() -> None:
    reopened = running(CHAIN).after(CANCEL, retry(CHAIN))

    reopened.when(succeed(CHAIN, "a", at=70)).then_refused("stale_attempt")
