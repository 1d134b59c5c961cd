"""Large values in decisions, and the limit of a run's data."""

import pytest

from baton.domain.artifact import Artifact, Values, ValuesNeeded
from baton.domain.definition.graph import Condition
from baton.domain.run.outcome import Failed, Outcome, Succeeded
from baton.domain.run.scope import scope_of
from baton.domain.run.size_limit import RUN_TOO_LARGE, within_limit
from baton.domain.run.state import State

FIRST, SECOND = Artifact("a" * 64, 70_000), Artifact("b" * 64, 80_000)
STATE = State(
    input=FIRST,
    context={"report": SECOND, "small": 1},
    outputs={"load": {"output": SECOND}, "check": {"output": {"ok": True}}},
    artifacts=True,
)
VALUES: Values = {FIRST.sha256: {"paid": True}, SECOND.sha256: [1, 2]}


def condition(path: str, value_path: str | None = None) -> Condition:
    return Condition(path=path, op="eq", value_path=value_path)


@pytest.mark.parametrize(
    ("path", "needed"),
    [
        ("input", {FIRST}),
        ("input.paid", {FIRST}),
        ("context", {SECOND}),
        ("context.report.0", {SECOND}),
        ("context.small", set()),
        ("steps.load.output.0", {SECOND}),
        ("steps.load", {SECOND}),
        ("steps.check.output.ok", set()),
        ("steps.nobody.output", set()),
    ],
)
def test_a_condition_needs_the_values_on_its_path_alone(path: str, needed: set[Artifact]) -> None:
    for one in (condition(path), condition("context.small", path)):
        if not needed:
            assert scope_of(STATE, [one], {})["context"] == STATE.context
            continue
        with pytest.raises(ValuesNeeded) as refused:
            scope_of(STATE, [one], {})
        assert refused.value.artifacts == needed


def test_a_scope_holds_the_values_that_conditions_read() -> None:
    scope = scope_of(STATE, [condition("input.paid"), condition("steps.load.output")], VALUES)

    assert scope == {
        "input": {"paid": True},
        "context": {"report": [1, 2], "small": 1},
        "steps": {"load": {"output": [1, 2]}, "check": {"output": {"ok": True}}},
    }


@pytest.mark.parametrize(
    ("size", "limit", "fits"), [(40, 100, True), (41, 100, False), (10**9, 0, True)]
)
def test_an_outcome_beyond_the_limit_of_its_run_is_a_final_failure(
    size: int, limit: int, *, fits: bool
) -> None:
    outcome: Outcome = Succeeded(output="x", size=60)

    found = within_limit(outcome, size, limit)

    if fits:
        assert found is outcome
    else:
        assert isinstance(found, Failed)
        assert (found.error.code, found.retryable) == (RUN_TOO_LARGE, False)
