"""Conditions and decisions, as both Centrali documents specify them."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.domain.conditions.evaluation import CaseEvaluation, ConditionEvaluation, DecisionResult
from baton.domain.conditions.matching import all_hold, choose
from baton.domain.definition.graph import Case, Condition, Operator
from baton.domain.json import Json

SCOPE: dict[str, Json] = {
    "input": {
        "amount": 150,
        "price": 2.0,
        "status": "approved",
        "paid": True,
        "note": None,
        "items": [{"sku": "A1"}, {"sku": "B2"}],
        "tags": ["new", 1, False],
        "limit": 100,
        "allowed": ["approved", "open"],
    },
    "context": {"retryCount": 0},
    "steps": {"validate": {"output": {"isValid": True}}},
}
ORDERS: tuple[Operator, ...] = ("gt", "gte", "lt", "lte")
ALL: tuple[Operator, ...] = (*ORDERS, "eq", "neq", "in", "notIn", "exists", "notExists")


def look(
    path: str, op: Operator, value: Json = None, value_path: str | None = None
) -> ConditionEvaluation:
    condition = Condition(path=path, op=op, value=value, value_path=value_path)
    result = choose([Case(conditions=(condition,), next="yes")], "no", SCOPE)
    evaluation = result.evaluations[0].conditions[0]
    assert evaluation.matched == all_hold([condition], SCOPE) == (result.selected == "yes")
    return evaluation


@pytest.mark.parametrize(
    ("path", "op", "value"),
    [
        ("input.status", "eq", "approved"),
        ("input.price", "eq", 2),
        ("input.note", "eq", None),
        ("input.items.0", "eq", {"sku": "A1"}),
        ("steps.validate.output.isValid", "eq", True),
        ("input.status", "neq", "rejected"),
        ("input.status", "neq", None),
        ("input.amount", "gt", 149.5),
        ("input.amount", "gte", 150),
        ("input.amount", "lt", 151),
        ("context.retryCount", "lte", 0),
        ("input.status", "in", ["open", "approved"]),
        ("input.status", "notIn", ["open", "closed"]),
        ("input.items.1.sku", "eq", "B2"),
        ("input.note", "exists", None),
        ("input.email", "notExists", None),
        ("input.items.2", "notExists", None),
        ("input.items.first", "notExists", None),
        ("input.items.-1", "notExists", None),
        ("input.status.length", "notExists", None),
        ("secrets.key", "notExists", None),
        (".".join(["input"] * 65), "notExists", None),
    ],
)
def test_a_condition_holds(path: str, op: Operator, value: Json) -> None:
    evaluation = look(path, op, value)

    assert evaluation.matched
    assert evaluation.error is None


@pytest.mark.parametrize(
    ("path", "op", "value"),
    [
        ("input.status", "eq", "Approved"),
        ("input.note", "eq", 0),
        ("input.tags", "eq", ["new", True, 0]),
        ("input.status", "neq", "approved"),
        ("input.amount", "gt", 150),
        ("input.status", "in", []),
        ("input.paid", "in", [1]),
        ("input.status", "notIn", ["approved"]),
        ("input.email", "exists", None),
        ("input.note", "notExists", None),
    ],
)
def test_a_condition_does_not_hold(path: str, op: Operator, value: Json) -> None:
    evaluation = look(path, op, value)

    assert not evaluation.matched
    assert evaluation.error is None


@pytest.mark.parametrize("op", [op for op in ALL if op != "notExists"])
def test_a_missing_path_matches_nothing_but_not_exists(op: Operator) -> None:
    evaluation = look("input.email", op, [] if op in ("in", "notIn") else 1)

    assert not evaluation.matched
    assert not evaluation.path_exists
    assert evaluation.actual is None


@pytest.mark.parametrize(
    ("path", "op", "value", "reason"),
    [
        ("input.amount", "eq", "150", "kind number cannot be compared with one of kind string"),
        ("input.paid", "eq", 1, "boolean"),
        ("input.amount", "neq", "x", "string"),
        ("input.amount", "gt", "100", "'gt' compares numbers, not number with string"),
        ("input.status", "lt", "b", "'lt' compares numbers"),
        ("input.paid", "gte", 0, "boolean"),
        ("input.note", "lte", 0, "null"),
        ("input.status", "in", "approved", "not an array"),
        ("input.status", "notIn", {"approved": 1}, "not an array"),
    ],
)
def test_values_that_cannot_be_compared_do_not_match_and_the_reason_is_given(
    path: str, op: Operator, value: Json, reason: str
) -> None:
    evaluation = look(path, op, value)

    assert not evaluation.matched
    assert evaluation.path_exists
    assert reason in (evaluation.error or "")


def test_a_value_path_is_read_like_a_path() -> None:
    evaluation = look("input.amount", "gt", value_path="input.limit")

    assert evaluation == ConditionEvaluation(
        path="input.amount",
        operator="gt",
        matched=True,
        path_exists=True,
        expected=100,
        value_path="input.limit",
        actual=150,
    )
    assert look("input.status", "in", value_path="input.allowed").matched


@pytest.mark.parametrize("op", [op for op in ALL if op not in ("exists", "notExists")])
def test_a_missing_value_path_does_not_match_and_the_reason_is_given(op: Operator) -> None:
    evaluation = look("input.amount", op, value_path="input.unknown")

    assert not evaluation.matched
    assert evaluation.error == "there is nothing at 'input.unknown' to compare with"


def test_evaluation_stops_at_the_first_case_that_matches() -> None:
    cases = [
        Case(
            conditions=(
                Condition(path="input.amount", op="gt", value=1_000),
                Condition(path="input.email", op="exists"),
            ),
            next="big",
        ),
        Case(conditions=(Condition(path="input.paid", op="eq", value=True),), next="paid"),
        Case(conditions=(), next="never"),
    ]

    assert choose(cases, "review", SCOPE) == DecisionResult(
        evaluated_cases=2,
        evaluations=(
            CaseEvaluation(
                case_index=0,
                next="big",
                matched=False,
                conditions=(
                    ConditionEvaluation(
                        path="input.amount",
                        operator="gt",
                        matched=False,
                        path_exists=True,
                        expected=1_000,
                        actual=150,
                    ),
                    ConditionEvaluation(
                        path="input.email", operator="exists", matched=False, path_exists=False
                    ),
                ),
            ),
            CaseEvaluation(
                case_index=1,
                next="paid",
                matched=True,
                conditions=(
                    ConditionEvaluation(
                        path="input.paid",
                        operator="eq",
                        matched=True,
                        path_exists=True,
                        expected=True,
                        actual=True,
                    ),
                ),
            ),
        ),
        matched_case_index=1,
        selected="paid",
    )


def test_without_a_match_the_default_is_next() -> None:
    cases = [Case(conditions=(Condition(path="input.email", op="exists"),), next="mail")]

    assert choose(cases, "review", SCOPE).selected == "review"
    assert choose(cases, None, SCOPE).selected is None
    assert choose(cases, None, SCOPE).matched_case_index is None
    assert choose(cases, None, SCOPE).evaluated_cases == 1


def test_values_that_are_too_large_to_compare_do_not_match() -> None:
    large = list(range(50_000))
    scope: dict[str, Json] = {"input": {"a": large, "b": list(large), "c": 49_999}}
    equal = Condition(path="input.a", op="eq", value_path="input.b")
    within = Condition(path="input.c", op="in", value_path="input.a")
    small = Condition(path="input.c", op="eq", value=49_999)
    result = choose([Case(conditions=(equal, within, small), next="yes")], None, scope)

    seen = [(each.matched, each.error) for each in result.evaluations[0].conditions]
    too_large = (False, "the values are too large to compare")
    assert seen == [too_large, (True, None), (True, None)]


def test_a_list_of_any_size_is_searched_with_kinds_kept_apart() -> None:
    large = [*range(100_000), "text", None, 2.5, {"n": 1}, [1], False]
    holds: list[Json] = [99_999, 7.0, "text", None, 2.5, {"n": 1}, [1], False]
    fails: list[Json] = [100_000, "7", True, {"n": True}, [1.5], [], {}, ""]
    for value, expected in [*((one, True) for one in holds), *((one, False) for one in fails)]:
        condition = Condition(path="input.v", op="in", value=large)
        negated = Condition(path="input.v", op="notIn", value=large)
        scope: dict[str, Json] = {"input": {"v": value}}
        assert all_hold([condition], scope) is expected, value
        assert all_hold([negated], scope) is not expected, value


def test_a_case_with_a_large_list_is_chosen() -> None:
    large: Json = [f"sku-{number}" for number in range(30_000)]
    case = Case(conditions=(Condition(path="input.v", op="in", value=large),), next="yes")
    result = choose([case], "default", {"input": {"v": "sku-29999"}})

    assert result.selected == "yes"
    assert result.evaluations[0].conditions[0].expected == "(array, too large to show)"


def test_null_is_compared_with_every_kind_of_value() -> None:
    scope: dict[str, Json] = {
        "input": {"null": None, "values": [1, 0, "", "x", True, False, [], {}, [None]]}
    }
    null = Condition(path="input.null", op="eq", value=None)
    assert all_hold([null], scope)
    for index, value in enumerate(cast("list[Json]", cast("Any", scope["input"])["values"])):
        path = f"input.values.{index}"
        for one in (
            Condition(path="input.null", op="neq", value=value),
            Condition(path=path, op="neq", value=None),
            Condition(path="input.null", op="neq", value_path=path),
        ):
            assert all_hold([one], scope), one
        assert not all_hold([Condition(path=path, op="eq", value=None)], scope)


def test_a_case_without_conditions_always_matches() -> None:
    assert choose([Case(conditions=(), next="yes")], None, {}).selected == "yes"
    assert all_hold([], {})


def test_the_comparisons_of_one_decision_are_bounded_in_total() -> None:
    scope: dict[str, Json] = {"input": {"a": list(range(9_000)), "b": list(range(9_000))}}
    equal = Condition(path="input.a", op="eq", value_path="input.b")
    result = choose([Case(conditions=(equal,) * 4, next="yes")], None, scope)

    assert [each.matched for each in result.evaluations[0].conditions] == [True, True, False, False]


def test_the_values_that_a_decision_stores_are_bounded() -> None:
    scope: dict[str, Json] = {"input": {"text": "x" * 15_000, "list": ["y" * 9_000] * 100}}
    conditions = tuple(
        Condition(path=path, op="exists") for path in ("input.text", "input.list", "input.text")
    )
    result = choose([Case(conditions=conditions, next="yes")], None, scope)

    assert [each.actual for each in result.evaluations[0].conditions] == [
        "x" * 15_000,
        "(array, too large to show)",
        "(string, too large to show)",
    ]
    assert result.selected == "yes"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.sampled_from("ab"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab0"), inner, max_size=3)
    ),
    max_leaves=8,
)
PATHS = st.lists(st.sampled_from(["input", "a", "b", "0", "1", ""]), max_size=4).map(".".join)


@given(JSON, PATHS, PATHS | st.none(), JSON, st.sampled_from(ALL))
def test_no_condition_raises_for_any_data(
    data: Json, path: str, value_path: str | None, value: Json, op: Operator
) -> None:
    condition = Condition(path=path, op=op, value=value, value_path=value_path)
    [evaluation] = choose(
        [Case(conditions=(condition,), next="x")], None, {"input": data}
    ).evaluations

    assert evaluation.matched == all_hold([condition], {"input": data})
    assert not (evaluation.matched and evaluation.conditions[0].error)


@given(JSON, JSON)
def test_equal_and_not_equal_never_both_hold(first: Json, second: Json) -> None:
    scope: dict[str, Json] = {"input": {"first": first, "second": second}}
    conditions = [
        Condition(path="input.first", op=op, value_path="input.second")
        for op in ("eq", "neq", "in", "notIn")
    ]
    eq, neq, within, without = (all_hold([each], scope) for each in conditions)

    assert not (eq and neq)
    assert not (within and without)
    assert all_hold([Condition(path="input.first", op="eq", value=first)], scope)
