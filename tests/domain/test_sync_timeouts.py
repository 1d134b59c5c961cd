"""Synchronization points with a timeout: reached in time, or the run fails at once."""

from hypothesis import given as with_any
from hypothesis import strategies as st

from baton.domain.definition.graph import Condition, Graph, Sync
from baton.domain.run.decisions import DECIDER
from baton.domain.run.messages import Event
from baton.domain.run.messages.commands import CancelRun, FireTimer, RetryRun, StartRun
from baton.domain.run.messages.run_events import (
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunReopened,
    RunStarted,
)
from baton.domain.run.messages.step_events import (
    StepCancelled,
    StepSkipped,
    StepStarted,
    StepUndecided,
    SyncAwaited,
    SyncReached,
)
from baton.domain.run.outcome import Error, Token
from baton.domain.run.steps import NO_ATTEMPT
from tests.domain.examples import fail, request, running, succeed
from tests.domain.random_runs import CHOICES, Choice, RandomRun
from tests.domain.specification import given
from tests.kit.actors import ANN
from tests.kit.definitions import compute, dag

BOTH = dag(
    compute("a"), compute("b"), Sync(id="all", needs=("a", "b"), timeout_ms=100), compute("c")
)
LATE = Error(code="TIMEOUT", message="The point wasn't reached within 100 ms; missing: b")


def awaited(visit: int = 1, at: int = 20) -> SyncAwaited:
    return SyncAwaited(step_id="all", visit=visit, deadline_at=at + 100, at=at)


def reached(visit: int = 1, at: int = 30, *, timed: bool = True) -> SyncReached:
    return SyncReached(step_id="all", visit=visit, at=at, timed=timed)


def fire(at: int, visit: int = 1) -> FireTimer:
    token = Token(step_id="all", visit=visit, attempt=NO_ATTEMPT)
    return FireTimer(token=token, graph=BOTH, at=at)


def cut_off(step_id: str, at: int, attempt: int = 1) -> StepCancelled:
    return StepCancelled(step_id=step_id, visit=1, attempt=attempt, at=at)


def test_the_time_of_a_point_counts_from_the_start_of_the_run() -> None:
    starting = given(DECIDER).after(request(BOTH)).when(StartRun(graph=BOTH, at=20))

    assert list(starting.decided()[:2]) == [RunStarted(at=20), awaited()]


def test_a_point_that_is_reached_in_time_has_no_timer_left() -> None:
    done = running(BOTH).after(succeed(BOTH, "a")).when(succeed(BOTH, "b"))

    done.then_ends_with(reached()).when(fire(120)).then_nothing()


def test_a_point_that_is_late_fails_the_run_and_cancels_what_runs() -> None:
    waiting = running(BOTH).after(succeed(BOTH, "a"))

    waiting.when(fire(119)).then_nothing()
    waiting.when(fire(120)).then(
        StepUndecided(step_id="all", visit=1, at=120, error=LATE, kind="sync"),
        cut_off("b", 120),
        cut_off("c", 120),
        RunFailed(at=120, error=LATE, step_id="all"),
    ).when(fire(130)).then_nothing()


def test_a_failed_run_awaits_nothing() -> None:
    failed = running(BOTH).after(succeed(BOTH, "a"), succeed(BOTH, "c"))

    failed.when(fail(BOTH, "b")).then_ends_with(
        cut_off("all", 30, attempt=NO_ATTEMPT),
        RunFailed(at=30, error=fail(BOTH, "b").outcome.error, step_id="b"),  # type: ignore[union-attr]
    )


def test_a_cancelled_run_awaits_nothing() -> None:
    cancelling = running(BOTH).when(CancelRun(actor=ANN, at=50))

    cancelling.then(
        cut_off("all", 50, attempt=NO_ATTEMPT),
        cut_off("a", 50),
        cut_off("b", 50),
        cut_off("c", 50),
        RunCancelled(actor=ANN, at=50),
    )


def test_a_retry_gives_a_late_point_its_whole_time_again() -> None:
    late = running(BOTH).after(succeed(BOTH, "a"), fire(120))
    reopened = late.when(RetryRun(graph=BOTH, actor=ANN, at=200)).then(
        RunReopened(actor=ANN, steps=("all", "b", "c"), at=200),
        awaited(visit=2, at=200),
        again("b"),
        again("c"),
    )

    ended = reopened.after(succeed(BOTH, "c", attempt=2, at=210))
    ended.when(succeed(BOTH, "b", attempt=2, at=220)).then_ends_with(
        reached(visit=2, at=220), RunCompleted(at=220)
    )


def again(step_id: str) -> StepStarted:
    return StepStarted(
        step_id=step_id,
        visit=1,
        attempt=2,
        at=200,
        function=f"do-{step_id}",
        deadline_at=300_200,
        cause="reopen",
    )


def test_points_of_a_sequence_have_no_timeout() -> None:
    graph = Graph(steps=(Sync(id="here", timeout_ms=5, next="a"), compute("a")))

    given(DECIDER).after(request(graph)).when(StartRun(graph=graph, at=20)).then(
        RunStarted(at=20),
        SyncReached(step_id="here", visit=1, at=20),
        StepStarted(step_id="a", visit=1, attempt=1, at=20, function="do-a", deadline_at=300_020),
    )


@with_any(CHOICES, st.sets(st.integers(0, 500), max_size=3))
def test_a_run_never_ends_with_a_point_that_is_awaited(
    choices: list[Choice], times: set[int]
) -> None:
    run = RandomRun(BOTH)
    run.play(choices)
    for at in sorted(times):
        state = run.state.steps.get("all")
        if state is not None and state.awaited:
            run.command(fire(max(at, run.now), state.visit))
    history: list[Event] = run.history

    assert not (run.state.final and any(step.awaited for step in run.state.steps.values()))
    assert sum(isinstance(one, SyncReached) for one in history) <= 1
    assert DECIDER.fold(history) == run.state


def test_a_point_that_is_skipped_has_no_timer_left_and_what_needs_it_starts() -> None:
    only_big = (Condition(path="input.amount", op="gt", value=100),)
    point = Sync(id="all", needs=("a",), timeout_ms=100, when=only_big)
    graph = dag(compute("a"), point, compute("c", needs=("all",)))

    done = running(graph, {"amount": 5}).when(succeed(graph, "a"))

    skipped = StepSkipped(step_id="all", visit=1, at=30, kind="sync", timed=True)
    assert done.decided()[1] == skipped
    assert isinstance(done.decided()[2], StepStarted)
    reached_one = running(graph, {"amount": 500}).when(succeed(graph, "a"))
    assert reached_one.decided()[1] == reached()
