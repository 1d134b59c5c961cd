"""The estimated end of an execution: the longest path of the remaining steps."""

from typing import Any

from baton.command_api.dialect.task_graphs import newest_visits
from baton.command_api.dialects.workflow_orchestration.translation.estimate import (
    durations_of,
    estimated_end,
)
from baton.domain.definition.graph import Case, Condition, Decision, Delay, Graph, Sync
from baton.domain.run.messages.run_events import RunCompleted
from baton.domain.run.messages.step_events import DelayStarted, RetryScheduled, StepFailed
from baton.projector.views.run_steps import view as run_steps
from baton.projector.views.runs import view as runs
from tests.kit.definitions import compute, dag, sequence
from tests.projector.run_events import BEGUN, ViewFold, started, succeeded
from tests.projector.test_view_steps_and_timers import ERROR

USUAL = {"a": 100.0, "b": 50.0, "c": 400.0}


def end_of(graph: Graph, *events: Any, now: int, durations: Any = None) -> int | None:
    """Return the estimate for a run with these events."""
    history = (*BEGUN, *events)
    (run,) = ViewFold(runs.VIEW).after(history).listed
    steps = sorted(ViewFold(run_steps.VIEW).after(history).listed, key=lambda step: step.seq)
    known = USUAL if durations is None else durations
    return estimated_end(run, graph, newest_visits(steps), known, now=now)


def test_parallel_branches_take_the_longest_and_a_running_step_its_remaining_time() -> None:
    graph = dag(
        compute("a"), compute("b", needs=("a",)), Sync(id="all", needs=("b",)), compute("c")
    )

    assert end_of(graph, now=30) == 430
    assert end_of(graph, started("c"), now=230) == 430
    assert end_of(graph, started("c"), started("a"), now=400) == 450
    assert end_of(graph, started("c"), started("a"), succeeded("a"), now=400) == 450


def test_a_step_that_takes_longer_than_usual_is_about_to_end() -> None:
    assert end_of(dag(compute("a")), started("a"), now=1_000) == 1_000


def test_delays_and_backoffs_count_until_their_end() -> None:
    graph = dag(Delay(id="wait", delay_ms=70), compute("a"))
    delayed = DelayStarted(step_id="wait", visit=1, delay_ms=70, resume_at=300, at=230)
    failed = StepFailed(step_id="a", visit=1, attempt=1, at=40, error=ERROR, final=False)
    again = RetryScheduled(step_id="a", visit=1, attempt=2, due_at=990, at=40)

    assert end_of(dag(Delay(id="wait", delay_ms=70)), now=30) == 100
    assert end_of(graph, delayed, now=280, durations={"a": 5.0}) == 300
    assert end_of(graph, started("a"), failed, again, now=280) == 1_090


def test_a_sequence_counts_what_follows_and_a_loop_once() -> None:
    paid = Condition(path="input.paid", op="eq", value=True)
    graph = sequence(
        compute("a", next="choose"),
        Decision(id="choose", cases=(Case(conditions=(paid,), next="b"),), default_next="c"),
        compute("b", next="a"),
        compute("c"),
    )

    assert end_of(graph, now=0) == 500
    assert end_of(graph, started("a"), now=80) == 530


def test_without_history_there_is_no_estimate_and_after_the_end_it_is_the_end() -> None:
    graph = dag(compute("a"))

    assert end_of(graph, now=30, durations={}) is None
    assert end_of(graph, RunCompleted(at=77), now=90, durations={}) == 77


def test_a_duration_is_the_median_from_first_start_to_success() -> None:
    def records(*events: Any) -> list[run_steps.Document]:
        return ViewFold(run_steps.VIEW).after((*BEGUN, *events)).listed

    failed = StepFailed(step_id="a", visit=1, attempt=1, at=40, error=ERROR, final=False)
    again = RetryScheduled(step_id="a", visit=1, attempt=2, due_at=99, at=40)
    retried = records(
        started("a"), failed, again, started("a", 2, "retry", at=100), succeeded("a", 2)
    )
    plain = records(started("a"), succeeded("a"))

    assert durations_of([]) == {}
    assert durations_of([plain, retried, plain]) == {"a": 10}
    assert durations_of([retried]) == {"a": 10}
