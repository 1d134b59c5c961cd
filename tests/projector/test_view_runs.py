"""The view of runs."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.domain.run.messages.run_events import (
    RunBranched,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunPaused,
    RunReopened,
    RunResumed,
)
from baton.domain.run.messages.step_events import (
    DelayElapsed,
    DelayStarted,
    RetryScheduled,
    StepCancelled,
    StepCopied,
    StepFailed,
    StepSkipped,
    SyncReached,
    TimerHeld,
    TimerSet,
)
from baton.domain.run.outcome import Error
from baton.domain.run.trigger import BY_HAND
from baton.projector.views.runs.view import VIEW, Document, Pause
from tests.kit.actors import ANN, EVE
from tests.projector.histories import history
from tests.projector.run_events import BEGUN, RUN, ViewFold, requested, started, succeeded

ERROR = Error(code="BROKEN", message="it broke")
DELAY = DelayStarted(step_id="wait", visit=1, delay_ms=5, resume_at=35, at=30)
AGAIN = RetryScheduled(step_id="a", visit=1, attempt=2, due_at=99, at=40)


def failed(step: str, *, final: bool) -> StepFailed:
    return StepFailed(step_id=step, visit=1, attempt=1, at=40, error=ERROR, final=final)


def run(*events: object) -> Document:
    document = ViewFold(VIEW).after(events).only
    assert isinstance(document, Document)
    return document


def test_a_requested_run_is_pending_and_shows_its_request() -> None:
    seen = run(requested(input={"a": 1}, correlation_id="c", traceparent="t"))

    assert (seen.id, seen.tenant, seen.definition_id, seen.definition_version) == (
        RUN,
        "acme",
        "d1",
        2,
    )
    assert (seen.status, seen.actor, seen.trigger, seen.requested_at) == (
        "pending",
        ANN,
        BY_HAND,
        10,
    )
    assert (seen.input, seen.correlation_id, seen.traceparent) == (
        {"a": 1},
        "c",
        "t",
    )
    assert seen.started_at is None


def test_the_current_step_is_the_one_entered_last() -> None:
    assert run(*BEGUN, started("a")).current_step_id == "a"
    assert run(*BEGUN, started("a"), succeeded("a"), started("b")).current_step_id == "b"
    assert run(*BEGUN, SyncReached(step_id="s", visit=1, at=3)).current_step_id == "s"
    assert run(*BEGUN, DELAY).current_step_id == "wait"


PAUSED = RunPaused(actor=EVE, at=50, reason="lunch")
RESUMED = RunResumed(actor=EVE, at=70)
HELD = TimerHeld(step_id="wait", visit=1, attempt=1, at=50)
AGAIN_SET = TimerSet(step_id="wait", visit=1, attempt=1, kind="delay", due_at=90, at=70)


def test_a_paused_run_stays_paused_whatever_arrives() -> None:
    begun = (*BEGUN, started("a"), DELAY)
    seen = run(*begun, PAUSED, HELD, succeeded("a", at=60))

    assert (seen.status, seen.pause) == ("paused", Pause(at=50, by=EVE.subject, reason="lunch"))
    assert run(*begun, PAUSED, RunCancelled(actor=EVE, at=60)).pause is None
    assert VIEW.columns(seen)[1:4] == ("paused", 10, 1)


def test_a_resumed_run_has_the_status_that_its_steps_give_it() -> None:
    resumed = (PAUSED, HELD, RESUMED, AGAIN_SET)

    assert run(requested(), PAUSED, RESUMED).status == "pending"
    assert run(*BEGUN, started("a"), DELAY, *resumed).status == "running"
    assert run(*BEGUN, DELAY, *resumed).status == "waiting"
    assert run(*BEGUN, DELAY, *resumed).pause is None


def test_a_rerun_is_pending_until_it_starts() -> None:
    branched = RunBranched(source="r0", source_version=9, position=20, at=10, entry="b")
    copied = StepCopied(step_id="a", visit=1, kind="compute", at=10, output=1)
    seen = run(requested(), branched, copied)

    assert (seen.status, seen.current_step_id, seen.version) == ("pending", None, 3)


def test_an_ended_run_has_no_current_step_and_an_end_time() -> None:
    seen = run(*BEGUN, started("a"), succeeded("a"), RunCompleted(at=50))

    assert (seen.status, seen.current_step_id) == ("completed", None)
    assert (seen.started_at, seen.completed_at) == (20, 50)
    assert not seen.has_errors


def test_a_run_whose_open_steps_all_wait_is_waiting() -> None:
    assert run(*BEGUN, DELAY).status == "waiting"
    assert run(*BEGUN, started("a"), failed("a", final=False), AGAIN).status == "waiting"


def test_a_run_with_a_running_step_beside_a_delay_is_running() -> None:
    assert run(*BEGUN, DELAY, started("a")).status == "running"
    assert run(*BEGUN, DELAY, started("a"), succeeded("a")).status == "waiting"


def test_a_run_is_running_again_once_its_wait_ends() -> None:
    elapsed = DelayElapsed(step_id="wait", visit=1, at=35)
    retried = started("a", attempt=2, cause="retry")

    assert run(*BEGUN, DELAY, elapsed).status == "running"
    assert run(*BEGUN, started("a"), failed("a", final=False), AGAIN, retried).status == "running"


def test_delays_are_counted() -> None:
    elapsed = DelayElapsed(step_id="wait", visit=1, at=35)

    assert run(*BEGUN, DELAY, elapsed, DELAY).delay_count == 2


def test_outcomes_patch_the_context_and_leave_the_request_unchanged() -> None:
    asked = requested(context={"a": 1, "b": 1})
    seen = run(asked, *BEGUN[1:], started("s"), succeeded("s", context={"b": 2, "c": 3}))

    assert seen.context == {"a": 1, "b": 2, "c": 3}
    assert asked.context == {"a": 1, "b": 1}


def test_a_failed_run_shows_its_error_and_the_failed_step() -> None:
    seen = run(
        *BEGUN, started("a"), failed("a", final=True), RunFailed(at=50, error=ERROR, step_id="a")
    )

    assert (seen.status, seen.has_errors) == ("failed", True)
    assert (seen.failure_code, seen.failure_message, seen.failed_step) == (
        "BROKEN",
        "it broke",
        "a",
    )


def test_a_run_completed_despite_a_failed_step_has_errors() -> None:
    seen = run(*BEGUN, started("a"), failed("a", final=True), RunCompleted(at=5, has_errors=True))

    assert (seen.status, seen.has_errors, seen.failure_code) == ("completed", True, None)


def test_a_cancelled_run_shows_the_actor_and_the_reason() -> None:
    cut = StepCancelled(step_id="a", visit=1, attempt=1, at=50)
    seen = run(*BEGUN, started("a"), cut, RunCancelled(actor=EVE, at=50, reason="enough"))

    assert (seen.status, seen.cancelled_by, seen.cancel_reason) == ("cancelled", "eve", "enough")
    assert (seen.running, seen.waiting) == (0, 0)


@pytest.mark.parametrize(
    "end", [RunFailed(at=50, error=ERROR, step_id="a"), RunCancelled(actor=EVE, at=50, reason="x")]
)
def test_a_reopened_run_shows_no_trace_of_its_end(end: object) -> None:
    reopened = RunReopened(actor=ANN, steps=("a",), at=60)
    begun = (*BEGUN, started("a"), failed("a", final=True))
    seen = run(*begun, end, reopened, started("a", attempt=2, cause="reopen"))
    never = run(*begun, started("a", attempt=2, cause="reopen"))
    never.version, never.position, never.unfinished = seen.version, seen.position, 0

    assert seen == never


def test_a_takeover_does_not_change_the_number_of_running_steps() -> None:
    seen = run(*BEGUN, started("a"), started("a", attempt=2, cause="takeover"))

    assert (seen.running, seen.status) == (1, "running")


def test_a_skipped_step_leaves_a_run_running() -> None:
    assert run(*BEGUN, StepSkipped(step_id="a", visit=1, at=3)).status == "running"


def test_a_run_has_the_version_and_position_of_its_newest_event() -> None:
    seen = run(*BEGUN, started("a"))

    assert (seen.version, seen.position) == (3, 30)


def test_only_an_unfinished_run_is_active() -> None:
    over = run(*BEGUN, RunCompleted(at=5))

    assert VIEW.columns(run(*BEGUN))[:7] == ("d1", "running", 10, 1, "manual", None, None)
    assert VIEW.columns(over) == (
        *("d1", "completed", 10, None, "manual", None, None),
        *(None, None, None, None),
    )
    assert [VIEW.is_final(run(*BEGUN)), VIEW.is_final(over)] == [False, True]


@settings(max_examples=80, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(20, 150))
def test_the_view_agrees_with_the_domain_state(random: Random, commands: int) -> None:
    made = history(random, commands)
    seen: dict[str, Any] = {}
    for recorded in made.events:
        if isinstance(recorded.event, VIEW.events):
            seen[recorded.stream] = VIEW.evolve(seen.get(recorded.stream), recorded)

    for stream, state in made.runs.items():
        document = seen[stream]
        working = [step for step in state.steps.values() if step.status == "running"]
        between = [step for step in state.steps.values() if step.status == "released"]
        waiting = [
            step for step in state.steps.values() if step.open and step not in (*working, *between)
        ]
        delays = [step for step in waiting if step.status == "delayed"]
        assert (document.delayed, document.released) == (len(delays), len(between))
        assert document.idle == (state.status == "running" and not state.open)
        status = "waiting" if state.status == "running" and waiting and not working else None
        assert (document.running, document.waiting) == (len(working), len(waiting))
        assert document.status == (status or state.status)
        assert document.context == state.context
        assert document.version == state.version
