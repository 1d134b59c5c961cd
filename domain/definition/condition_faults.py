"""Faults of conditions: bad paths, missing or unfit values, too many conditions."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from baton.domain.definition.graph import Compute, Condition, Decision, Graph, Step
from baton.domain.errors import Fault

Path: TypeAlias = tuple[str | int, ...]

MAX_CONDITIONS = 10_000
"""Conditions of one definition."""
MAX_STEP_CONDITIONS = 1_000
"""Conditions of one step."""
MAX_NAMES = 64
"""Names in one path: as deep as request bodies may be."""
MAX_PATH = 1_000
"""Characters of one path."""


def too_many_conditions(graph: Graph) -> Iterator[Fault]:
    """Yield a fault for the definition and for each step with too many conditions to evaluate."""
    counts = [_count(step) for step in graph.steps]
    if sum(counts) > MAX_CONDITIONS:
        yield Fault(("steps",), f"must have at most {MAX_CONDITIONS} conditions in all")
    for index, count in enumerate(counts):
        if count > MAX_STEP_CONDITIONS:
            message = f"must have at most {MAX_STEP_CONDITIONS} conditions"
            yield Fault(("steps", index), message)


def faults_of_conditions(conditions: Sequence[Condition], path: Path) -> Iterator[Fault]:
    """Yield the faults of the `conditions` at `path`."""
    for index, condition in enumerate(conditions):
        yield from _faults_of_path(condition.path, (*path, index, "path"))
        if condition.op in ("exists", "notExists"):
            continue
        if condition.value_path is not None:
            yield from _faults_of_path(condition.value_path, (*path, index, "value_path"))
        else:
            yield from _faults_of_value(condition, (*path, index, "value"))


def _count(step: Step) -> int:
    """Return the number of conditions; a case without conditions counts as one."""
    match step:
        case Compute():
            return len(step.when)
        case Decision():
            return sum(max(1, len(case.conditions)) for case in step.cases)
        case _:
            return 0


def _faults_of_path(written: str, path: Path) -> Iterator[Fault]:
    if not written or len(written) > MAX_PATH:
        yield Fault(path, f"must have 1 to {MAX_PATH} characters")
    elif written.count(".") >= MAX_NAMES:
        yield Fault(path, f"must have at most {MAX_NAMES} names")


def _faults_of_value(condition: Condition, path: Path) -> Iterator[Fault]:
    if condition.op in ("in", "notIn") and not isinstance(condition.value, list | tuple):
        yield Fault(path, f"must be an array for '{condition.op}'")
    if condition.op in ("gt", "gte", "lt", "lte") and condition.value is None:
        yield Fault(path, f"is required for '{condition.op}', or a value path")
