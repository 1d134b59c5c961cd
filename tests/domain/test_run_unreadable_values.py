"""Runs whose conditions read a value that is missing or damaged: the step fails."""

import pytest

from baton.domain.artifact import ARTIFACT_UNREADABLE, Artifact, UnreadableValue, Values
from baton.domain.definition.graph import Case, Condition, Decision, Graph
from baton.domain.run.decisions import DECIDER
from baton.domain.run.messages.commands import RetryRun, StartRun
from baton.domain.run.messages.run_events import RunCompleted, RunFailed, RunReopened, RunStarted
from baton.domain.run.messages.step_events import DecisionTaken, StepStarted, StepUndecided
from baton.domain.run.outcome import Error
from tests.domain.examples import request, succeed
from tests.domain.specification import Given, given
from tests.kit.actors import ANN
from tests.kit.definitions import compute, dag, sequence

LOST = Artifact("a" * 64, 70_000)
REASON = f"artifact {LOST.sha256} is missing"
UNREADABLE: Values = {LOST.sha256: UnreadableValue(REASON)}
ERROR = Error(code=ARTIFACT_UNREADABLE, message=f"input.paid can't be read: {REASON}")
PAID = Condition(path="input.paid", op="eq", value=True)
NEVER = Condition(path="input.paid", op="notExists")
CHOICE = sequence(
    Decision(id="choose", cases=(Case(conditions=(PAID,), next="ship"),), default_next="reject"),
    compute("ship"),
    compute("reject"),
)


def started(graph: Graph) -> Given:
    """Return a run with a large input that is lost."""
    asked = given(DECIDER).after(_large(graph))
    return asked.after(StartRun(graph=graph, at=20, values=UNREADABLE))


def _large(graph: Graph) -> object:
    command = request(graph, LOST)
    object.__setattr__(command, "size", LOST.bytes)
    return command


def retry(graph: Graph, values: Values) -> RetryRun:
    return RetryRun(graph=graph, actor=ANN, at=60, values=values)


def undecided(step_id: str, kind: str, visit: int = 1, at: int = 20) -> StepUndecided:
    return StepUndecided(step_id=step_id, visit=visit, at=at, error=ERROR, kind=kind)  # type: ignore[arg-type]


def test_a_decision_on_a_lost_value_fails_the_run_and_takes_no_branch() -> None:
    asked = given(DECIDER).after(_large(CHOICE))

    asked.when(StartRun(graph=CHOICE, at=20, values=UNREADABLE)).then(
        RunStarted(at=20),
        undecided("choose", "decision"),
        RunFailed(at=20, error=ERROR, step_id="choose"),
    )


@pytest.mark.parametrize("condition", [PAID, NEVER], ids=["eq", "notExists"])
def test_a_step_whose_condition_reads_a_lost_value_is_neither_started_nor_skipped(
    condition: Condition,
) -> None:
    graph = dag(compute("a", when=(condition,)), compute("b"), compute("c", needs=("a",)))
    run = started(graph)

    assert run.history[-2] == undecided("a", "compute")
    run.when(succeed(graph, "b")).then_ends_with(RunFailed(at=30, error=ERROR, step_id="a"))


def test_a_step_that_may_fail_ends_the_run_with_errors() -> None:
    graph = dag(compute("a", when=(PAID,), on_failure="end"))

    assert started(graph).history[-1] == RunCompleted(at=20, has_errors=True)


def test_a_retry_decides_when_the_value_is_back() -> None:
    found = {LOST.sha256: {"paid": True}}
    reopened, taken, ship = started(CHOICE).when(retry(CHOICE, found)).decided()

    assert reopened == RunReopened(actor=ANN, steps=("choose",), at=60)
    assert isinstance(taken, DecisionTaken)
    assert (taken.visit, taken.result.selected) == (2, "ship")
    assert isinstance(ship, StepStarted)
    assert ship.step_id == "ship"


def test_a_retry_fails_again_while_the_value_is_lost() -> None:
    started(CHOICE).when(retry(CHOICE, UNREADABLE)).then(
        RunReopened(actor=ANN, steps=("choose",), at=60),
        undecided("choose", "decision", visit=2, at=60),
        RunFailed(at=60, error=ERROR, step_id="choose"),
    )


def test_a_retry_evaluates_the_condition_of_a_step_again() -> None:
    graph = dag(compute("a", when=(PAID,)), compute("b", needs=("a",)))
    decided = started(graph).when(retry(graph, {LOST.sha256: {"paid": False}})).decided()

    assert [type(event).__name__ for event in decided] == [
        "RunReopened",
        "StepSkipped",
        "StepStarted",
    ]
