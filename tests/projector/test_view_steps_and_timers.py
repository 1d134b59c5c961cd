"""The views of steps and timers."""

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from baton.domain.conditions.evaluation import DecisionResult
from baton.domain.run.messages.step_events import (
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    RetryScheduled,
    StepCancelled,
    StepCopied,
    StepFailed,
    StepReleased,
    StepSkipped,
    StepTimedOut,
    StepUndecided,
    SyncAwaited,
    SyncReached,
    TimerHeld,
    TimerSet,
)
from baton.domain.run.outcome import Error
from baton.projector.view import View
from baton.projector.views.run_steps import view as run_steps
from baton.projector.views.runs import view as runs
from baton.projector.views.timers import view as timers
from tests.projector.histories import history
from tests.projector.run_events import BEGUN, RUN, ViewFold, started, succeeded

ERROR = Error(code="BROKEN", message="it broke", stack="Traceback")
BROKE = StepFailed(step_id="a", visit=1, attempt=1, at=40, error=ERROR, final=False)
AGAIN = RetryScheduled(step_id="a", visit=1, attempt=2, due_at=99, at=40)
DELAY = DelayStarted(step_id="wait", visit=1, delay_ms=5, resume_at=35, at=30)
ELAPSED = DelayElapsed(step_id="wait", visit=1, at=36)


def steps(*events: object) -> list[run_steps.Document]:
    return ViewFold(run_steps.VIEW).after((*BEGUN, *events)).listed


def standing(*events: object) -> list[timers.Document]:
    return ViewFold(timers.VIEW).after((*BEGUN, *events)).listed


def test_an_attempt_is_shown_from_its_start_to_its_outcome() -> None:
    (running,) = steps(started("a"))
    (done,) = steps(started("a"), succeeded("a", output=[1], context={"x": 1}, warning="hm"))

    assert (running.status, running.started_at, running.completed_at) == ("running", 30, None)
    assert (running.function, running.cause, running.seq) == ("noop", "start", 3)
    assert (done.status, done.started_at, done.completed_at) == ("succeeded", 30, 40)
    assert (done.output, done.context, done.warning) == ([1], {"x": 1}, "hm")


HELD = TimerHeld(step_id="wait", visit=1, attempt=1, at=33)
SET = TimerSet(step_id="wait", visit=1, attempt=1, kind="delay", due_at=95, at=90)


def test_a_paused_run_has_no_timer_until_it_is_resumed() -> None:
    (again,) = standing(DELAY, HELD, SET)

    assert standing(DELAY, HELD) == []
    assert standing(AGAIN, HELD) == list(standing(AGAIN))
    assert (again.kind, again.due_at) == ("delay", 95)
    assert standing(DELAY, HELD, SET, ELAPSED) == []


def test_a_delay_shows_the_due_time_that_the_resume_gave_it() -> None:
    assert [step.resume_at for step in steps(DELAY, HELD)] == [35]
    assert [step.resume_at for step in steps(DELAY, HELD, SET)] == [95]


def test_an_attempt_cancelled_by_a_pause_names_it() -> None:
    cut = StepReleased(step_id="a", visit=1, attempt=1, at=40, cause="pause")
    (step,) = steps(started("a"), cut)

    assert step.status == "failed"
    assert step.error is not None
    assert step.error.code == "RUN_PAUSED"


def test_an_outcome_that_a_rerun_took_over_is_a_separate_record() -> None:
    copied = StepCopied(step_id="a", visit=1, kind="compute", at=25, output=[1], size=3)
    (step,) = steps(copied)

    assert (step.status, step.cause, step.output, step.function) == ("succeeded", "copy", [1], None)
    assert (step.started_at, step.completed_at) == (25, 25)


def test_the_key_of_an_attempt_is_its_execution_id() -> None:
    folded = ViewFold(run_steps.VIEW).after((*BEGUN, started("a")))

    assert folded.only.execution_id == f"{RUN}.a.1.1"
    assert list(folded.documents) == [("acme", folded.only.execution_id)]


def test_a_failed_attempt_keeps_its_error_and_the_next_one_waits_beside_it() -> None:
    first, second = steps(started("a"), BROKE, AGAIN)

    assert (first.status, first.error, first.completed_at) == ("failed", ERROR, 40)
    assert (second.status, second.attempt, second.resume_at) == ("waiting", 2, 99)
    assert second.started_at is None


def test_a_retry_has_its_own_start_time_after_the_backoff() -> None:
    _, second = steps(started("a"), BROKE, AGAIN, started("a", 2, "retry", at=100))

    assert (second.status, second.started_at, second.function) == ("running", 100, "noop")
    assert (second.seq, second.resumed_at) == (5, 100)


def test_an_attempt_that_was_taken_over_has_failed_with_executor_lost() -> None:
    first, second = steps(started("a"), started("a", 2, "takeover", at=70))

    assert first.error is not None
    assert (first.status, first.error.code, first.completed_at) == ("failed", "EXECUTOR_LOST", 70)
    assert (second.status, second.cause, second.attempt) == ("running", "takeover", 2)


def test_a_timeout_is_a_failure_with_its_own_code() -> None:
    timed_out = StepTimedOut(step_id="a", visit=1, attempt=1, at=50, timeout_ms=20)
    (step,) = steps(started("a"), timed_out)

    assert step.error == Error(code="TIMEOUT", message="The attempt took longer than 20 ms")


def test_a_running_or_waiting_attempt_can_be_cancelled() -> None:
    (working,) = steps(started("a"), StepCancelled(step_id="a", visit=1, attempt=1, at=50))
    _, waiting = steps(
        started("a"), BROKE, AGAIN, StepCancelled(step_id="a", visit=1, attempt=2, at=50)
    )

    assert (working.status, working.completed_at) == ("cancelled", 50)
    assert (waiting.status, waiting.completed_at) == ("cancelled", 50)


def test_a_delay_waits_until_it_has_elapsed() -> None:
    (waiting,), (over,) = steps(DELAY), steps(DELAY, ELAPSED)

    assert (waiting.kind, waiting.status, waiting.delay_ms) == ("delay", "waiting", 5)
    assert (waiting.resume_at, waiting.resumed_at) == (35, None)
    assert (over.status, over.resumed_at, over.completed_at) == ("succeeded", 36, 36)


def test_decisions_sync_points_and_skips_are_final_at_once() -> None:
    result = DecisionResult(evaluated_cases=0, evaluations=(), selected="b")
    seen = steps(
        DecisionTaken(step_id="d", visit=1, result=result, at=5),
        SyncReached(step_id="s", visit=1, at=6),
        StepSkipped(step_id="k", visit=1, at=7),
    )

    assert [(step.kind, step.status, step.completed_at) for step in seen] == [
        ("decision", "succeeded", 5),
        ("sync", "succeeded", 6),
        ("compute", "skipped", 7),
    ]
    assert seen[0].decision == result


def test_a_delay_or_backoff_of_an_open_step_has_a_timer() -> None:
    (delay,) = standing(DELAY)
    (backoff,) = standing(started("a"), BROKE, AGAIN)

    assert (delay.kind, delay.due_at, delay.attempt) == ("delay", 35, 1)
    assert (backoff.kind, backoff.due_at, backoff.attempt) == ("backoff", 99, 2)
    assert {one.run_id for one in (delay, backoff)} == {RUN}


def test_a_step_that_does_not_wait_has_no_timer() -> None:
    cut = StepCancelled(step_id="a", visit=1, attempt=2, at=50)

    assert standing(started("a")) == []
    assert standing(started("a"), BROKE, AGAIN, started("a", 2, "retry", at=100)) == []
    assert standing(started("a"), BROKE, AGAIN, cut) == []
    assert standing(DELAY, ELAPSED) == []


def test_only_a_running_attempt_is_indexed_by_its_deadline() -> None:
    (running,) = steps(started("a"))
    (over,) = steps(started("a"), succeeded("a"))
    _, waiting = steps(started("a"), BROKE, AGAIN)
    _, again = steps(started("a"), BROKE, AGAIN, started("a", 2, "retry", at=100))

    assert run_steps.VIEW.columns(running) == (1_030,)
    assert run_steps.VIEW.columns(over) == (None,)
    assert run_steps.VIEW.columns(waiting) == (None,)
    assert run_steps.VIEW.columns(again) == (1_100,)


@settings(max_examples=80, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(20, 150))
def test_every_open_step_has_an_open_record_with_a_deadline_or_a_timer(
    random: Random, commands: int
) -> None:
    made = history(random, commands)
    records, due = _folded(run_steps.VIEW, made.events), _folded(timers.VIEW, made.events)
    for run in _folded(runs.VIEW, made.events):
        of_run = {t.step_id: t.due_at for t in due if t.run_id == run.id and t.kind != "sync"}
        assert run.timers == of_run

    open_steps = {
        (stream.split("/")[2], ident, step.visit, step.attempt): (
            step.due_at,
            step.status,
            state.hold is not None,
        )
        for stream, state in made.runs.items()
        for ident, step in state.steps.items()
        if step.open and step.status != "released"  # its record has ended; no attempt is open
    }
    timed = {
        (t.run_id, t.step_id, t.visit, t.attempt): t.due_at for t in due if t.kind != "sync"
    }  # a synchronization point that is awaited isn't open
    unsettled = {
        (step.run_id, step.step_id, step.visit, step.attempt): step
        for step in records
        if step.status in ("running", "waiting")
    }
    assert set(unsettled) == set(open_steps)
    for key, (due_at, status, paused) in open_steps.items():
        assert timed.pop(key, None) == (None if status == "running" or paused else due_at)
        assert run_steps.VIEW.columns(unsettled[key])[0] == (
            due_at if status == "running" else None
        )
    assert not timed


def _folded(view: View[Any], events: Any) -> list[Any]:
    documents: dict[tuple[str, str], Any] = {}
    for recorded in events:
        if isinstance(recorded.event, view.events):
            for key in view.keys(recorded):
                documents[key] = view.evolve(documents.get(key), recorded)
    return [document for document in documents.values() if document is not None]


AWAITED = SyncAwaited(step_id="all", visit=1, deadline_at=130, at=30)


def test_a_point_is_due_until_it_is_reached_late_or_cancelled() -> None:
    (timer,) = standing(AWAITED)
    assert (timer.step_id, timer.attempt, timer.kind, timer.due_at) == ("all", 0, "sync", 130)

    for end in (
        SyncReached(step_id="all", visit=1, at=40, timed=True),
        StepUndecided(step_id="all", visit=1, at=130, error=ERROR, kind="sync"),
        StepCancelled(step_id="all", visit=1, attempt=0, at=40),
    ):
        assert standing(AWAITED, end) == []


def test_a_point_that_is_late_has_one_record_and_a_cancelled_one_has_none() -> None:
    late = StepUndecided(step_id="all", visit=1, at=130, error=ERROR, kind="sync")
    (record,) = steps(AWAITED, late)

    assert (record.kind, record.status, record.error) == ("sync", "failed", ERROR)
    assert steps(AWAITED, StepCancelled(step_id="all", visit=1, attempt=0, at=40)) == []
