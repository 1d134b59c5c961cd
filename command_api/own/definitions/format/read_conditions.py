"""Reads the conditions of `if` and `when`."""

from typing import Final, get_args

from baton.command_api.own.definitions.format.findings import NOT_YET, Findings, Path, as_members
from baton.command_api.own.definitions.format.vocabulary import CONDITION
from baton.domain.definition.graph import Condition, Operator

_OPERATORS: Final[tuple[Operator, ...]] = get_args(Operator)
_WITHOUT_VALUE: Final = ("exists", "notExists")


def read_conditions(value: object, path: Path, findings: Findings) -> tuple[Condition, ...]:
    """Return the conditions of a list; a text, which is an expression, is not possible yet."""
    if not isinstance(value, list):
        message = NOT_YET if isinstance(value, str) else "must be a list of conditions"
        findings.add(message, path)
        return ()
    read = (_condition(element, (*path, index), findings) for index, element in enumerate(value))
    return tuple(condition for condition in read if condition is not None)


def _condition(value: object, path: Path, findings: Findings) -> Condition | None:
    members = as_members(value, path, findings)
    if members is None:
        return None
    members.only(CONDITION)
    where = members.text("path", required=True)
    op = members.choice("op", _OPERATORS)
    if "op" not in members.value:
        members.fault("required", "op")
    value_path = members.text("value_path")
    has_value = "value" in members.value
    if op is not None and op not in _WITHOUT_VALUE and not has_value and value_path is None:
        members.fault("required", "value")
    if has_value and "value_path" in members.value:
        members.fault("can't be combined with value_path", "value")
    findings.without_expressions(members.value.get("value"), (*path, "value"))
    if where is None or op is None:
        return None
    return Condition(path=where, op=op, value=members.value.get("value"), value_path=value_path)
