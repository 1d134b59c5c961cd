"""Whether conditions hold for the data of a run, and which case of a decision wins.

A missing path matches only `notExists`. Values that cannot be compared are no match, with the
reason in the evaluation's `error`; nothing here raises. What an evaluation shows of the values is
bounded, because it is stored with every decision.
"""

from collections.abc import Iterable, Mapping
from typing import assert_never

from baton.domain.definition.graph import Case, Condition
from baton.domain.json import Json, kind_of
from baton.domain.run.comparison import Effort, Incomparable, contained, equal, in_order
from baton.domain.run.evaluation import CaseEvaluation, ConditionEvaluation, DecisionResult
from baton.domain.run.paths import Missing, value_at

SHOWN = 16_384
"""How many characters of compared values one decision shows, about."""


class _Looking:
    """What one decision may still spend on comparing and on showing values."""

    __slots__ = ("effort", "room")

    def __init__(self) -> None:
        self.effort = Effort()
        self.room = SHOWN

    def show(self, value: Json) -> Json:
        """Return `value`, or a word about it when it is too large to keep."""
        weight = _weight(value, self.room)
        if weight <= self.room:
            self.room -= weight
            return value
        return f"({kind_of(value)}, too large to show)"


def all_hold(conditions: Iterable[Condition], scope: Mapping[str, Json]) -> bool:
    """Return whether every condition holds for `scope` (input, context, steps); none: True."""
    looking = _Looking()
    return all(_evaluate(condition, scope, looking).matched for condition in conditions)


def choose(
    cases: Iterable[Case], default_next: str | None, scope: Mapping[str, Json]
) -> DecisionResult:
    """Return the first case whose conditions all hold, with everything that was looked at."""
    looking = _Looking()
    seen: list[CaseEvaluation] = []
    for index, case in enumerate(cases):
        conditions = tuple(_evaluate(each, scope, looking) for each in case.conditions)
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
    condition: Condition, scope: Mapping[str, Json], looking: _Looking
) -> ConditionEvaluation:
    actual = value_at(condition.path, scope)
    expected = _expected(condition, scope)
    error: str | None = None
    try:
        matched = _holds(condition, actual, expected, looking.effort)
    except Incomparable as reason:
        matched, error = False, str(reason)
    exists = not isinstance(actual, Missing)
    return ConditionEvaluation(
        path=condition.path,
        operator=condition.op,
        matched=matched,
        path_exists=exists,
        expected=None if isinstance(expected, Missing) else looking.show(expected),
        value_path=condition.value_path,
        actual=looking.show(actual) if exists else None,
        error=error,
    )


def _expected(condition: Condition, scope: Mapping[str, Json]) -> Json | Missing:
    if condition.value_path is None or condition.op in ("exists", "notExists"):
        return condition.value
    return value_at(condition.value_path, scope)


def _holds(
    condition: Condition, actual: Json | Missing, expected: Json | Missing, effort: Effort
) -> bool:
    """Return whether the comparison comes out true; raises Incomparable with the reason."""
    if condition.op in ("exists", "notExists"):
        return isinstance(actual, Missing) == (condition.op == "notExists")
    if isinstance(expected, Missing):
        message = f"there is nothing at '{condition.value_path}' to compare with"
        raise Incomparable(message)
    if isinstance(actual, Missing):
        return False
    return _compare(condition, actual, expected, effort)


def _compare(condition: Condition, actual: Json, expected: Json, effort: Effort) -> bool:
    match condition.op:
        case "eq":
            return equal(actual, expected, effort)
        case "neq":
            return not equal(actual, expected, effort)
        case "in":
            return contained(actual, expected, effort)
        case "notIn":
            return not contained(actual, expected, effort)
        case "gt" | "gte" | "lt" | "lte" as order:
            return in_order(order, actual, expected)
        case "exists" | "notExists":
            return True
    assert_never(condition.op)


def _weight(value: Json, limit: int) -> int:
    """Return about how many characters `value` has as JSON; past `limit` it stops counting."""
    weight, values = 0, [value]
    while values and weight <= limit:
        one = values.pop()
        if isinstance(one, str):
            weight += len(one)
        elif isinstance(one, dict | list | tuple):
            weight += 8 * len(one)
            if weight <= limit:
                weight += sum(map(len, one)) if isinstance(one, dict) else 0
                values.extend(one.values() if isinstance(one, dict) else one)
        else:
            weight += 8
    return weight
