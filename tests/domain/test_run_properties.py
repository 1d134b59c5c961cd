"""Properties of every run, for any graph and any sequence of commands."""

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings

from baton.domain.definition.graph import Compute, Graph
from baton.domain.definition.validation import faults_of
from baton.domain.errors import StaleAttempt
from baton.domain.run.decisions import DECIDER
from baton.domain.run.messages import (
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    Event,
    RetryScheduled,
    RunCompleted,
    RunReopened,
    StepCancelled,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    SyncReached,
)
from tests.domain.examples import body
from tests.domain.random_runs import CHOICES, DAGS, GRAPHS, Choice, RandomRun

ENTRIES = StepStarted | DelayStarted | SyncReached | StepSkipped | DecisionTaken
DONE = StepSucceeded | DelayElapsed | SyncReached | StepSkipped | DecisionTaken
MANY = settings(max_examples=300)


def lived(graph: Graph, choices: list[Choice]) -> RandomRun:
    life = RandomRun(graph)
    life.play(choices)
    return life


@given(GRAPHS)
def test_the_random_graphs_are_valid(graph: Graph) -> None:
    assert faults_of(body(graph)) == []


@MANY
@given(GRAPHS, CHOICES)
def test_no_step_starts_before_all_it_needs_is_done(graph: Graph, choices: list[Choice]) -> None:
    done: set[str] = set()
    for event in lived(graph, choices).history:
        if isinstance(event, ENTRIES):
            assert done.issuperset(graph.by_id[event.step_id].needs)
        if isinstance(event, DONE):
            done.add(event.step_id)


@MANY
@given(GRAPHS, CHOICES)
def test_a_run_ends_once_and_once_more_for_each_reopening(
    graph: Graph, choices: list[Choice]
) -> None:
    life = lived(graph, choices)
    life.end()
    reopened = [at for at, event in enumerate(life.history) if isinstance(event, RunReopened)]
    ends = list(life.terminals())

    assert len(ends) == 1 + len(reopened)
    assert ends[-1] == len(life.history) - 1
    assert reopened == [end + 1 for end in ends[:-1]]


@MANY
@given(GRAPHS, CHOICES)
def test_every_run_ends_when_its_functions_return(graph: Graph, choices: list[Choice]) -> None:
    life = lived(graph, choices)
    life.end()

    assert life.state.final
    assert life.state.open == 0


@MANY
@given(GRAPHS, CHOICES)
def test_repeating_any_report_decides_nothing(graph: Graph, choices: list[Choice]) -> None:
    life = lived(graph, choices)
    for report in life.reports:
        try:
            assert DECIDER.decide(report, life.state) == []
        except StaleAttempt:
            continue


@MANY
@given(GRAPHS, CHOICES)
def test_an_attempt_ends_once(graph: Graph, choices: list[Choice]) -> None:
    ends = Counter(
        (event.step_id, event.visit, event.attempt)
        for event in lived(graph, choices).history
        if isinstance(event, StepSucceeded | StepFailed | StepTimedOut | StepCancelled)
        and event.attempt
        and isinstance(graph.by_id[event.step_id], Compute)
    )

    assert set(ends.values()) <= {1}


@MANY
@given(GRAPHS, CHOICES)
def test_attempts_are_limited(graph: Graph, choices: list[Choice]) -> None:
    begun, extra = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
    for event in lived(graph, choices).history:
        if isinstance(event, StepStarted):
            step = graph.by_id[event.step_id]
            assert isinstance(step, Compute)
            limit = step.retry.max_attempts if step.retry else 1
            visit = (event.step_id, event.visit)
            begun[visit] += 1
            extra[visit] += {"takeover": 1, "reopen": limit}.get(event.cause, 0)
            assert begun[visit] <= limit + extra[visit]
            assert event.attempt >= begun[visit]


@MANY
@given(GRAPHS, CHOICES)
def test_no_retry_starts_before_its_backoff_has_passed(graph: Graph, choices: list[Choice]) -> None:
    due: dict[str, int] = {}
    for event in lived(graph, choices).history:
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
    life = lived(graph, choices)
    life.end()

    if life.history[-1] == RunCompleted(at=life.history[-1].at):
        assert {step.id for step in graph.steps} == set(life.state.steps)
        assert all(step.done for step in life.state.steps.values())


@given(GRAPHS, CHOICES)
def test_visits_and_attempts_count_up(graph: Graph, choices: list[Choice]) -> None:
    by_step: dict[str, list[tuple[int, int]]] = {}
    for event in lived(graph, choices).history:
        if isinstance(event, StepStarted):
            by_step.setdefault(event.step_id, []).append((event.visit, event.attempt))

    assert all(first < second for seen in by_step.values() for first, second in pairwise(seen))


@given(GRAPHS, CHOICES)
def test_the_state_is_the_fold_of_the_history(graph: Graph, choices: list[Choice]) -> None:
    life = lived(graph, choices)
    half = len(life.history) // 2
    snapshot = DECIDER.fold(life.history[:half])
    entered = [_entered(event) for event in life.history]

    assert DECIDER.fold(life.history) == life.state
    assert DECIDER.fold(life.history[half:], snapshot) == life.state
    assert list(life.state.steps) == list(dict.fromkeys(one for one in entered if one))
    assert life.state.open == sum(step.open for step in life.state.steps.values())
    assert life.state.version == len(life.history)


def _entered(event: Event) -> str | None:
    return event.step_id if isinstance(event, ENTRIES) else None
