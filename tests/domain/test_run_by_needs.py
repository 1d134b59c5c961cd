"""Runs of graphs with needs: every step starts as soon as all it needs is done."""

from baton.domain.definition.graph import Condition, Delay, Sync
from baton.domain.run.decisions import DECIDER
from baton.domain.run.messages.commands import StartRun
from baton.domain.run.messages.run_events import RunCompleted, RunFailed, RunStarted
from baton.domain.run.messages.step_events import (
    DelayElapsed,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    SyncReached,
)
from tests.domain.examples import BROKEN, fail, fire, request, running, succeed
from tests.domain.specification import given
from tests.kit.definitions import compute, dag

DIAMOND = dag(
    Sync(id="join", needs=("left", "right")),
    compute("left", needs=("start",)),
    compute("right", needs=("start",)),
    compute("start"),
    compute("last", needs=("join",)),
)


def started(step_id: str, at: int = 30) -> StepStarted:
    return StepStarted(
        step_id=step_id,
        visit=1,
        attempt=1,
        at=at,
        function=f"do-{step_id}",
        deadline_at=at + 300_000,
    )


def succeeded(step_id: str) -> StepSucceeded:
    return StepSucceeded(step_id=step_id, visit=1, attempt=1, at=30)


def test_every_step_without_needs_starts_at_once() -> None:
    graph = dag(compute("a"), compute("b", needs=("a",)), compute("c"))

    given(DECIDER).after(request(graph)).when(StartRun(graph=graph, at=20)).then(
        RunStarted(at=20), started("a", 20), started("c", 20)
    )


def test_a_sync_point_waits_for_all_it_needs_and_then_continues() -> None:
    forked = running(DIAMOND).when(succeed(DIAMOND, "start"))
    both = forked.then(succeeded("start"), started("left"), started("right"))
    one = both.when(succeed(DIAMOND, "right")).then(succeeded("right"))
    joined = one.when(succeed(DIAMOND, "left")).then(
        succeeded("left"), SyncReached(step_id="join", visit=1, at=30), started("last")
    )

    joined.when(succeed(DIAMOND, "last")).then(succeeded("last"), RunCompleted(at=30))


def test_a_repeated_need_counts_once() -> None:
    graph = dag(compute("a"), compute("b", needs=("a", "a")))

    running(graph).when(succeed(graph, "a")).then(succeeded("a"), started("b"))


def test_steps_that_do_not_need_the_failed_step_finish_before_the_run_fails() -> None:
    graph = dag(
        compute("a"), compute("b"), compute("b2", needs=("b",)), compute("never", needs=("a",))
    )
    failed = StepFailed(step_id="a", visit=1, attempt=1, at=30, error=BROKEN)
    one = running(graph).when(fail(graph, "a")).then(failed)
    two = one.when(succeed(graph, "b")).then(succeeded("b"), started("b2"))
    end = two.when(succeed(graph, "b2")).then(
        succeeded("b2"), RunFailed(at=30, error=BROKEN, step_id="a")
    )

    assert "never" not in end.state.steps


def test_one_failure_without_on_failure_end_fails_the_run() -> None:
    graph = dag(compute("a"), compute("b", on_failure="end"))

    first_bad = running(graph).after(fail(graph, "a"), fail(graph, "b"))
    first_fine = running(graph).after(fail(graph, "b"), fail(graph, "a"))

    assert [run.history[-1] for run in (first_bad, first_fine)] == [
        RunFailed(at=30, error=BROKEN, step_id="a")
    ] * 2


def test_failures_that_all_have_on_failure_end_complete_the_run_with_errors() -> None:
    graph = dag(compute("a", on_failure="end"), compute("b", on_failure="end"))
    run = running(graph).after(fail(graph, "a"), fail(graph, "b"))

    assert run.history[-1] == RunCompleted(at=30, has_errors=True)


def test_a_step_that_needs_a_skipped_step_starts() -> None:
    never = Condition(path="input.never", op="exists")
    graph = dag(compute("a", when=(never,)), compute("b", needs=("a",)))

    assert running(graph).history[-2:] == (
        StepSkipped(step_id="a", visit=1, at=20),
        started("b", 20),
    )


def test_a_delay_blocks_only_the_steps_that_need_it() -> None:
    graph = dag(Delay(id="wait", delay_ms=10), compute("a"), compute("b", needs=("wait", "a")))
    run = running(graph).after(succeed(graph, "a", at=25))

    run.when(fire(graph, "wait", at=30)).then(
        DelayElapsed(step_id="wait", visit=1, at=30), started("b")
    )


def test_a_wide_fan_in_starts_once_all_are_done() -> None:
    ids = [f"s{n}" for n in range(300)]
    graph = dag(*(compute(each) for each in ids), compute("join", needs=tuple(ids)))
    run = running(graph).after(*(succeed(graph, each) for each in ids[1:]))

    assert "join" not in run.state.steps
    run.when(succeed(graph, "s0")).then(succeeded("s0"), started("join"))
