"""Strategies of inputs, of outcomes and of whole runs."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from baton.testing import StubCall, coverage_of
from baton.testing.strategies import AnyRun, StepOutcome, any_run, inputs, outcomes
from baton.testing.strategies.any_run import require_stable_keys
from baton.testing.synchronous import SyncRun
from tests.testing.workflows import ORDERS

LOOP: dict[str, Any] = {
    "slug": "loop",
    "name": "Loop",
    "steps": [
        {"id": "work", "function": "work", "timeout": "5s", "retry": {"attempts": 2}},
        {
            "id": "again",
            "decide": [
                {"if": [{"path": "steps.work.output.left", "op": "gt", "value": 7}], "next": "work"}
            ],
            "else": "$end",
        },
    ],
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["id", "lines"],
    "properties": {
        "id": {"type": "string", "pattern": "^o-[0-9]+$"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}, "minItems": 1, "maxItems": 3},
        "note": {"type": ["string", "null"], "maxLength": 5},
        "at": {"type": "string", "format": "date-time"},
    },
    "$defs": {
        "line": {
            "type": "object",
            "required": ["count"],
            "properties": {
                "count": {"type": "integer", "exclusiveMinimum": 0, "multipleOf": 5},
                "price": {"type": "number", "minimum": 0.5, "exclusiveMaximum": 2},
                "kind": {"enum": ["a", 1, None]},
                "part": {"$ref": "#/$defs/line"},
            },
        }
    },
}


class Line(BaseModel):
    sku: Annotated[str, Field(min_length=1, max_length=4)]
    count: Annotated[int, Field(gt=0, le=9)]


class Order(BaseModel):
    country: Literal["DE", "FR"]
    lines: Annotated[list[Line], Field(max_length=2)]
    total: Annotated[float, Field(ge=0)] = 0


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(inputs(SCHEMA), inputs(Order))
def test_inputs_are_valid_by_their_schema_and_their_type(by_schema: Any, by_type: Any) -> None:
    assert jsonschema_rs.is_valid(SCHEMA, by_schema)
    assert isinstance(by_type, dict)
    TypeAdapter(Order).validate_python(by_type)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "object", "patternProperties": {}}, "keyword 'patternProperties'"),
        ({"type": "text"}, "'text' isn't a type of JSON Schema"),
        ({"type": "string", "format": "iban"}, "format 'iban'"),
    ],
)
def test_an_unsupported_schema_is_refused_with_the_reason(
    schema: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        inputs(schema)


def test_runs_of_any_outcomes_end_and_take_every_branch() -> None:
    played: list[SyncRun] = []

    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
    @given(any_run(ORDERS))
    def play(planned: AnyRun) -> None:
        run = planned.play()
        assert run.status in {"completed", "failed"}
        played.append(run)

    play()

    assert coverage_of(ORDERS, played) == []
    assert coverage_of(ORDERS, []) == ["check: case 1 to fulfill", "check: else to reject"]
    assert {run.status for run in played} == {"completed", "failed"}


def test_a_loop_has_a_key_for_each_visit() -> None:
    again, over = ({"left": left} for left in (8, 0))
    planned = AnyRun(
        definition=LOOP,
        input=None,
        outcomes={
            "work": (
                StepOutcome(kind="times out", takes_ms=6_000),
                StepOutcome(kind="succeeds", output=again, takes_ms=10),
                StepOutcome(kind="fails"),
                StepOutcome(kind="succeeds", output=over),
            )
        },
    )

    run = planned.play().completed()

    assert run.branches == ["again: case 1 to work", "again: else to $end"]
    assert run.attempts("work") == 4


@pytest.mark.parametrize(
    ("attempts", "keys", "message"),
    [
        ([1, 2], ["r.a.1", "r.a.2"], "attempt 2 at step a has another key"),
        ([1, 1], ["r.a.1", "r.a.1"], "step a has the key of an earlier call"),
    ],
)
def test_keys_that_are_not_stable_are_found(
    attempts: list[int], keys: list[str], message: str
) -> None:
    calls = [
        StubCall(
            at=datetime.now(UTC),
            run_id="r",
            step_id="a",
            attempt=attempt,
            idempotency_key=key,
            payload={},
        )
        for attempt, key in zip(attempts, keys, strict=True)
    ]

    with pytest.raises(AssertionError, match=message):
        require_stable_keys(calls)


def test_outcomes_are_found_for_every_step_with_a_function() -> None:
    unshrunk = settings(phases=[Phase.generate], database=None)
    made = outcomes(ORDERS)
    late = find(made, lambda found: found["fulfill"][0].kind == "times out", settings=unshrunk)
    valid = find(
        made, lambda found: found["validate"][0].output == {"isValid": True}, settings=unshrunk
    )

    assert sorted(late) == ["bill", "fulfill", "reject", "validate"]
    assert late["fulfill"][0].takes_ms > 30_000
    assert valid["validate"][0].kind == "succeeds"
    with pytest.raises(ValueError, match="no step with a function is called check"):
        outcomes(ORDERS, outputs={"check": st.none()})


def test_without_hypothesis_the_error_names_the_package_to_install() -> None:
    code = "import sys; sys.modules['hypothesis'] = None; import baton.testing.strategies"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert "baton.testing.strategies needs hypothesis: pip install hypothesis" in ended.stderr
