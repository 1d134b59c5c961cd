"""Faults of conditions: invalid paths, missing or unsuitable values, too many conditions."""

from collections.abc import Container, Iterator, Sequence
from typing import TypeAlias

from baton.domain.definition.graph import Condition, Decision, Graph, Step
from baton.domain.errors import Fault

Path: TypeAlias = tuple[str | int, ...]

MAX_CONDITIONS = 10_000
"""The largest number of conditions of one definition."""
MAX_STEP_CONDITIONS = 1_000
"""The largest number of conditions of one step."""
MAX_NAMES = 64
"""The number of names that one path may have, which equals the depth that request bodies may have.
"""
MAX_PATH = 1_000
"""The largest number of characters of a path."""
MAX_COMPOSITES = 1_000
"""The number of arrays and objects that the list of one `in` may have.

They are compared one by one, whereas scalars are looked up in a set.
"""
ROOTS = ("input", "context", "steps")
"""The first name of a path is one of these."""


def too_many_conditions(graph: Graph) -> Iterator[Fault]:
    """Yield a fault if the definition, or a step, has too many conditions to evaluate."""
    counts = [_count(step) for step in graph.steps]
    if sum(counts) > MAX_CONDITIONS:
        yield Fault(("steps",), f"must have at most {MAX_CONDITIONS} conditions in all")
    for index, count in enumerate(counts):
        if count > MAX_STEP_CONDITIONS:
            message = f"must have at most {MAX_STEP_CONDITIONS} conditions"
            yield Fault(("steps", index), message)


def faults_of_conditions(
    conditions: Sequence[Condition], path: Path, step_ids: Container[str]
) -> Iterator[Fault]:
    """Yield the faults of the `conditions` at `path`.

    Args:
        conditions: The conditions of one step.
        path: Where they are in the definition.
        step_ids: The ids of all steps of the definition.
    """
    for index, condition in enumerate(conditions):
        yield from _faults_of_path(condition.path, (*path, index, "path"), step_ids)
        if condition.op in ("exists", "notExists"):
            continue
        if condition.value_path is not None:
            at = (*path, index, "value_path")
            yield from _faults_of_path(condition.value_path, at, step_ids)
            if condition.value is not None:
                yield Fault((*path, index, "value"), "can't be combined with a value path")
        else:
            yield from _faults_of_value(condition, (*path, index, "value"))


def _count(step: Step) -> int:
    """Return the number of conditions; a case without conditions counts as one."""
    match step:
        case Decision():
            return len(step.when) + sum(max(1, len(case.conditions)) for case in step.cases)
        case _:
            return len(step.when)


def _faults_of_path(written: str, path: Path, step_ids: Container[str]) -> Iterator[Fault]:
    if not written or len(written) > MAX_PATH:
        yield Fault(path, f"must have 1 to {MAX_PATH} characters")
    elif written.count(".") >= MAX_NAMES:
        yield Fault(path, f"must have at most {MAX_NAMES} names")
    else:
        root, *names = written.split(".", 2)
        if root not in ROOTS:
            yield Fault(path, f"must begin with {', '.join(ROOTS[:-1])} or {ROOTS[-1]}")
        elif root == "steps" and names and names[0] not in step_ids:
            yield Fault(path, f"names the unknown step '{names[0]}'")


def _faults_of_value(condition: Condition, path: Path) -> Iterator[Fault]:
    if condition.op in ("in", "notIn"):
        if not isinstance(condition.value, list | tuple):
            yield Fault(path, f"must be an array for '{condition.op}'")
        elif (
            sum(isinstance(element, dict | list | tuple) for element in condition.value)
            > MAX_COMPOSITES
        ):
            yield Fault(path, f"must have at most {MAX_COMPOSITES} arrays and objects")
    if condition.op in ("gt", "gte", "lt", "lte") and condition.value is None:
        yield Fault(path, f"is required for '{condition.op}', or a value path")
