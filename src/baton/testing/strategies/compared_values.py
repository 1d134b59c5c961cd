"""Values that a definition's conditions compare, so that its branches are taken in turn."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from hypothesis import strategies as st

from baton.domain.definition.graph import Condition, Decision, Graph
from baton.domain.json import Json
from baton.testing.strategies.schema_values import Values, any_json

Path: TypeAlias = tuple[str, ...]


def values_below(graph: Graph, *root: str) -> Values:
    """Return a strategy of the value at the path `root`, with the members that conditions read.

    A member is mostly a value that a condition compares it with, or a value close to it; otherwise
    it is any value, or missing. Members that no condition reads are left out.
    """
    compared: dict[Path, list[Json]] = {}
    for condition in _conditions(graph):
        path = tuple(condition.path.split("."))
        if path[: len(root)] == root:
            compared.setdefault(path[len(root) :], []).extend(_near(condition))
    return _tree(compared) if compared else any_json()


def _conditions(graph: Graph) -> Iterator[Condition]:
    for step in graph.steps:
        if isinstance(step, Decision):
            for case in step.cases:
                yield from case.conditions
        yield from getattr(step, "when", ())


def _near(condition: Condition) -> list[Json]:
    """Return values for which a condition holds, or nearly holds."""
    value: Any = condition.value
    if condition.op in ("in", "notIn") and isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, bool):
        return [value, not value]
    if isinstance(value, int | float):
        return [value, value - 1, value + 1]
    return [] if condition.op in ("exists", "notExists") else [value]


def _tree(compared: Mapping[Path, list[Json]]) -> Values:
    """Return a strategy of a value with the compared values at their paths."""
    below: dict[str, dict[Path, list[Json]]] = {}
    for path, values in compared.items():
        if path:
            below.setdefault(path[0], {})[path[1:]] = values
    wanted: list[Values] = []
    if below:
        wanted.append(st.fixed_dictionaries({name: _tree(one) for name, one in below.items()}))
    if own := compared.get((), []):
        wanted.append(st.sampled_from(own))
    return _mostly(st.one_of(wanted)) if wanted else any_json()


def _mostly(wanted: Values) -> Values:
    """Return a strategy of wanted values in three of four cases, of any values in the fourth."""
    return st.integers(0, 3).flatmap(lambda chance: any_json() if chance == 3 else wanted)  # noqa: PLR2004 - of 0 to 3
