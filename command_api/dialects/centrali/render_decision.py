"""Renders the evaluations of a decision.

A condition has `expectedValue` unless its operator needs none, and `actualValue` if its path
exists; both may be null.
"""

from baton.domain.conditions.evaluation import CaseEvaluation, ConditionEvaluation, DecisionResult
from baton.domain.json import JsonObject


def render_decision(result: DecisionResult) -> JsonObject:
    """Return the result without members that have no value."""
    shown: JsonObject = {"evaluatedCases": result.evaluated_cases}
    if result.matched_case_index is not None:
        shown["matchedCaseIndex"] = result.matched_case_index
    if result.selected is not None:
        shown["selectedNextStepId"] = result.selected
    shown["evaluations"] = [_case(case) for case in result.evaluations]
    return shown


def _case(case: CaseEvaluation) -> JsonObject:
    return {
        "caseIndex": case.case_index,
        "nextStepId": case.next,
        "conditions": [_condition(condition) for condition in case.conditions],
        "matched": case.matched,
    }


def _condition(condition: ConditionEvaluation) -> JsonObject:
    shown: JsonObject = {"path": condition.path, "operator": condition.operator}
    if condition.operator not in ("exists", "notExists"):
        shown["expectedValue"] = condition.expected
    if condition.value_path is not None:
        shown["valuePath"] = condition.value_path
    if condition.path_exists:
        shown["actualValue"] = condition.actual
    shown |= {"pathExists": condition.path_exists, "matched": condition.matched}
    if condition.error is not None:
        shown["error"] = condition.error
    return shown
