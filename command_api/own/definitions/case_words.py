"""The cases of a decision in words, for the edges of a graph."""

import json
from collections.abc import Mapping
from typing import Final

from baton.domain.definition.graph import Case, Condition, Operator

_SIGNS: Final[Mapping[Operator, str]] = {
    "eq": "=",
    "neq": "≠",
    "gt": ">",
    "gte": "≥",
    "lt": "<",
    "lte": "≤",
    "in": "in",
    "notIn": "not in",
    "exists": "exists",
    "notExists": "is absent",
}
_WITHOUT_VALUE: Final = {"exists", "notExists"}
_NO_CONDITION: Final = "always"
_LONGEST: Final = 500
_LONGEST_LABEL: Final = 32


def whole_condition(case: Case) -> str:
    """Return all comparisons: "steps.check.output.isValid eq true and input.total gt 100"."""
    tests = [_comparison(one, one.path, one.op, one.value_path) for one in case.conditions]
    return _cut(" and ".join(tests), _LONGEST) or _NO_CONDITION


def short_condition(case: Case) -> str:
    """Return the first comparison, by the last members of paths: "isValid = true and 1 more"."""
    if not case.conditions:
        return _NO_CONDITION
    first, *others = case.conditions
    more = f" and {len(others)} more" if others else ""
    other = None if first.value_path is None else _last_member(first.value_path)
    text = _comparison(first, _last_member(first.path), _SIGNS[first.op], other)
    return _cut(text, _LONGEST_LABEL - len(more)) + more


def _comparison(condition: Condition, path: str, operator: str, value_path: str | None) -> str:
    if condition.op in _WITHOUT_VALUE:
        return f"{path} {operator}"
    return f"{path} {operator} {value_path or json.dumps(condition.value, ensure_ascii=False)}"


def _last_member(path: str) -> str:
    return path.rpartition(".")[2]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
