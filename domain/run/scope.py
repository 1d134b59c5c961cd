"""The data of a run that conditions read, with the values of the artifacts on their paths."""

from collections.abc import Iterable, Iterator

from baton.domain.artifact import (
    Artifact,
    UnreadableValue,
    Values,
    ValuesNeeded,
    artifacts_in,
    with_values,
)
from baton.domain.definition.graph import Condition
from baton.domain.json import Json, JsonObject
from baton.domain.run.state import State


class UnreadableCondition(Exception):
    """A condition reads a missing or damaged value; the text names its path and the reason."""


def scope_of(state: State, conditions: Iterable[Condition], values: Values) -> JsonObject:
    """Return the scope `{input, context, steps}` of conditions.

    Raises ValuesNeeded if a path leads to or into an artifact that `values` lacks, and
    UnreadableCondition if its value can't be read.
    """
    scope: JsonObject = {"input": state.input, "context": state.context, "steps": state.outputs}
    if not state.artifacts:
        return scope
    needed = {artifact: path for path in _paths(conditions) for artifact in _on_path(path, scope)}
    missing = frozenset(artifact for artifact in needed if artifact.sha256 not in values)
    if missing:
        raise ValuesNeeded(missing)
    readable = {
        artifact.sha256: _readable(values[artifact.sha256], path)
        for artifact, path in needed.items()
    }
    return {name: with_values(member, readable) for name, member in scope.items()}


def _readable(value: Json, path: str) -> Json:
    if isinstance(value, UnreadableValue):
        message = f"{path} can't be read: {value.reason}"
        raise UnreadableCondition(message)
    return value


def _paths(conditions: Iterable[Condition]) -> Iterator[str]:
    for condition in conditions:
        yield condition.path
        if condition.value_path is not None:
            yield condition.value_path


def _on_path(path: str, scope: JsonObject) -> Iterator[Artifact]:
    """Yield the artifact that a path leads through, or all artifacts in the value at its end."""
    value: Json = scope
    for name in path.split("."):
        if not isinstance(value, dict):
            break
        value = value.get(name)
    yield from artifacts_in(value)
