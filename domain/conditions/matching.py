"""The evaluation of conditions on the data of a run, and the choice of a decision's case.

A missing path matches only `notExists`. Values that can't be compared are no match, and the
evaluation's `error` has the reason; no function raises for data. An evaluation holds the compared
values only up to a limit, because it is stored with every decision.
"""

from collections.abc import Iterable, Mapping
from typing import assert_never

from baton.domain.conditions.comparison import (
    ComparisonBudget,
    Incomparable,
    equal,
    is_in,
    is_ordered,
)
from baton.domain.conditions.evaluation import CaseEvaluation, ConditionEvaluation, DecisionResult
from baton.domain.conditions.paths import Missing, value_at
from baton.domain.definition.graph import Case, Condition
from baton.domain.json import Json, kind_of

MAX_SHOWN = 16_384
"""The number of characters of compared values that the evaluations of one decision hold, roughly.
"""


class _Limits:
    """The rest of one decision's limits: members to compare, characters of values to record."""

    __slots__ = ("budget", "characters")

    def __init__(self) -> None:
        self.budget = ComparisonBudget()
        self.characters = MAX_SHOWN

    def show(self, value: Json) -> Json:
        """Return `value`, or a short placeholder for a value that is too large to store."""
        size = _size(value, self.characters)
        if size <= self.characters:
            self.characters -= size
            return value
        return f"({kind_of(value)}, too large to show)"


def all_hold(conditions: Iterable[Condition], scope: Mapping[str, Json]) -> bool:
    """Return whether every condition holds for `scope` (input, context, steps)."""
    limits = _Limits()
    return all(_evaluate(condition, scope, limits).matched for condition in conditions)


def choose(
    cases: Iterable[Case], default_next: str | None, scope: Mapping[str, Json]
) -> DecisionResult:
    """Choose the first case whose conditions all hold, else `default_next`.

    The result has the evaluations of all cases up to the chosen one.
    """
    limits = _Limits()
    seen: list[CaseEvaluation] = []
    for index, case in enumerate(cases):
        conditions = tuple(_evaluate(each, scope, limits) for each in case.conditions)
        matched = all(each.matched for each in conditions)
        seen.append(
            CaseEvaluation(case_index=index, next=case.next, matched=matched, conditions=conditions)
        )
        if matched:
            return DecisionResult(
                evaluated_cases=len(seen),
                evaluations=tuple(seen),
                matched_case_index=index,
                selected=case.next,
            )
    return DecisionResult(evaluated_cases=len(seen), evaluations=tuple(seen), selected=default_next)


def _evaluate(
    condition: Condition, scope: Mapping[str, Json], limits: _Limits
) -> ConditionEvaluation:
    actual = value_at(condition.path, scope)
    expected = _expected(condition, scope)
    error: str | None = None
    try:
        matched = _holds(condition, actual, expected, limits.budget)
    except Incomparable as reason:
        matched, error = False, str(reason)
    exists = not isinstance(actual, Missing)
    return ConditionEvaluation(
        path=condition.path,
        operator=condition.op,
        matched=matched,
        path_exists=exists,
        expected=None if isinstance(expected, Missing) else limits.show(expected),
        value_path=condition.value_path,
        actual=limits.show(actual) if exists else None,
        error=error,
    )


def _expected(condition: Condition, scope: Mapping[str, Json]) -> Json | Missing:
    if condition.value_path is None or condition.op in ("exists", "notExists"):
        return condition.value
    return value_at(condition.value_path, scope)


def _holds(
    condition: Condition, actual: Json | Missing, expected: Json | Missing, budget: ComparisonBudget
) -> bool:
    """Return whether the condition holds; raises Incomparable with the reason."""
    if condition.op in ("exists", "notExists"):
        return isinstance(actual, Missing) == (condition.op == "notExists")
    if isinstance(expected, Missing):
        raise Incomparable(f"there is nothing at '{condition.value_path}' to compare with")
    if isinstance(actual, Missing):
        return False
    return _compare(condition, actual, expected, budget)


def _compare(condition: Condition, actual: Json, expected: Json, budget: ComparisonBudget) -> bool:
    match condition.op:
        case "eq":
            return equal(actual, expected, budget)
        case "neq":
            return not equal(actual, expected, budget)
        case "in":
            return is_in(actual, expected, budget)
        case "notIn":
            return not is_in(actual, expected, budget)
        case "gt" | "gte" | "lt" | "lte" as order:
            return is_ordered(order, actual, expected)
        case "exists" | "notExists":
            return True
    assert_never(condition.op)


def _size(value: Json, limit: int) -> int:
    """Return the approximate length of `value` as JSON text; counting stops beyond `limit`."""
    size, values = 0, [value]
    while values and size <= limit:
        member = values.pop()
        if isinstance(member, str):
            size += len(member)
        elif isinstance(member, dict | list | tuple):
            size += 8 * len(member)
            if size <= limit:
                size += sum(map(len, member)) if isinstance(member, dict) else 0
                values.extend(member.values() if isinstance(member, dict) else member)
        else:
            size += 8
    return size
