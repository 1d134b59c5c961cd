"""Properties of every run, for any graph and any sequence of commands."""

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings

from baton.domain.definition.graph import Compute, Graph
from baton.domain.definition.validation import faults_of
from baton.domain.errors import StaleAttempt
from baton.domain.run.decisions import DECIDER
from baton.domain.run.messages import Event
from baton.domain.run.messages.run_events import RunCompleted, RunReopened
from baton.domain.run.messages.step_events import (
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    RetryScheduled,
    StepCancelled,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    SyncAwaited,
    SyncReached,
)
from tests.domain.random_runs import CHOICES, DAGS, GRAPHS, Choice, RandomRun
from tests.kit.definitions import body

ENTRIES = StepStarted | DelayStarted | SyncReached | StepSkipped | DecisionTaken
DONE = StepSucceeded | DelayElapsed | SyncReached | StepSkipped | DecisionTaken
MANY = settings(max_examples=300)


def random_run(graph: Graph, choices: list[Choice]) -> RandomRun:
    run = RandomRun(graph)
    run.play(choices)
    return run


@given(GRAPHS)
def test_the_random_graphs_are_valid(graph: Graph) -> None:
    assert faults_of(body(graph)) == []


@MANY
@given(GRAPHS, CHOICES)
def test_no_step_starts_before_all_it_needs_is_done(graph: Graph, choices: list[Choice]) -> None:
    done: set[str] = set()
    for event in random_run(graph, choices).history:
        if isinstance(event, ENTRIES):
            assert done.issuperset(graph.by_id[event.step_id].needs)
        if isinstance(event, DONE):
            done.add(event.step_id)


@MANY
@given(GRAPHS, CHOICES)
def test_a_run_ends_once_and_once_more_for_each_reopening(
    graph: Graph, choices: list[Choice]
) -> None:
    run = random_run(graph, choices)
    run.finish()
    reopened = [at for at, event in enumerate(run.history) if isinstance(event, RunReopened)]
    ends = list(run.end_indexes())

    assert len(ends) == 1 + len(reopened)
    assert ends[-1] == len(run.history) - 1
    assert reopened == [end + 1 for end in ends[:-1]]


@MANY
@given(GRAPHS, CHOICES)
def test_every_run_ends_when_its_functions_return(graph: Graph, choices: list[Choice]) -> None:
    run = random_run(graph, choices)
    run.finish()

    assert run.state.final
    assert run.state.open == 0


@MANY
@given(GRAPHS, CHOICES)
def test_repeating_any_report_decides_nothing(graph: Graph, choices: list[Choice]) -> None:
    run = random_run(graph, choices)
    for report in run.reports:
        try:
            assert DECIDER.decide(report, run.state) == []
        except StaleAttempt:
            continue


@MANY
@given(GRAPHS, CHOICES)
def test_an_attempt_ends_once(graph: Graph, choices: list[Choice]) -> None:
    ends = Counter(
        (event.step_id, event.visit, event.attempt)
        for event in random_run(graph, choices).history
        if isinstance(event, StepSucceeded | StepFailed | StepTimedOut | StepCancelled)
        and event.attempt
        and isinstance(graph.by_id[event.step_id], Compute)
    )

    assert set(ends.values()) <= {1}


@MANY
@given(GRAPHS, CHOICES)
def test_attempts_are_limited(graph: Graph, choices: list[Choice]) -> None:
    started, extra = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
    for event in random_run(graph, choices).history:
        if isinstance(event, RetryScheduled) and event.cause == "takeover":
            extra[event.step_id, event.visit] += 1
        if isinstance(event, StepStarted):
            step = graph.by_id[event.step_id]
            assert isinstance(step, Compute)
            limit = step.retry.max_attempts if step.retry else 1
            visit = (event.step_id, event.visit)
            started[visit] += 1
            extra[visit] += {"handover": 1, "reopen": limit}.get(event.cause, 0)
            assert started[visit] <= limit + extra[visit]
            assert event.attempt >= started[visit]


@MANY
@given(GRAPHS, CHOICES)
def test_no_retry_starts_before_its_backoff_has_passed(graph: Graph, choices: list[Choice]) -> None:
    due: dict[str, int] = {}
    for event in random_run(graph, choices).history:
        if isinstance(event, RetryScheduled):
            assert event.due_at >= event.at
            due[event.step_id] = event.due_at
        if isinstance(event, StepStarted) and event.cause == "retry":
            assert event.at >= due.pop(event.step_id)


@MANY
@given(DAGS, CHOICES)
def test_a_graph_completes_without_errors_only_when_every_step_is_done(
    graph: Graph, choices: list[Choice]
) -> None:
    run = random_run(graph, choices)
    run.finish()

    if run.history[-1] == RunCompleted(at=run.history[-1].at):
        assert {step.id for step in graph.steps} == set(run.state.steps)
        assert all(step.done for step in run.state.steps.values())


@given(GRAPHS, CHOICES)
def test_visits_and_attempts_count_up(graph: Graph, choices: list[Choice]) -> None:
    by_step: dict[str, list[tuple[int, int]]] = {}
    for event in random_run(graph, choices).history:
        if isinstance(event, StepStarted):
            by_step.setdefault(event.step_id, []).append((event.visit, event.attempt))

    assert all(first < second for seen in by_step.values() for first, second in pairwise(seen))


@given(GRAPHS, CHOICES)
def test_the_state_is_the_fold_of_the_history(graph: Graph, choices: list[Choice]) -> None:
    run = random_run(graph, choices)
    half = len(run.history) // 2
    snapshot = DECIDER.fold(run.history[:half])
    entered = [_entered(event) for event in run.history]

    assert DECIDER.fold(run.history) == run.state
    assert DECIDER.fold(run.history[half:], snapshot) == run.state
    assert list(run.state.steps) == list(dict.fromkeys(one for one in entered if one))
    assert run.state.open == sum(step.open for step in run.state.steps.values())
    assert run.state.version == len(run.history)


def _entered(event: Event) -> str | None:
    return event.step_id if isinstance(event, ENTRIES | SyncAwaited) else None
