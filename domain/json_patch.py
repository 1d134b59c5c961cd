"""JSON Patch documents (RFC 6902): the operations that turn one JSON value into another."""

from collections.abc import Iterator, Sequence
from typing import Any

from baton.domain.json import Json, JsonObject, same_json


def json_patch(before: Json, after: Json) -> Iterator[JsonObject]:
    """Yield the operations that turn `before` into `after`, in the order of their paths.

    Elements of arrays are compared by their index. Not recursive, so data may be arbitrarily deep.
    """
    waiting: list[tuple[str, Json, Json]] = [("", before, after)]
    while waiting:
        path, one, other = waiting.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            inside = list(_members(path, one, other))
        elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
            inside = list(_elements(path, one, other))
        else:
            if not same_json(one, other):
                yield {"op": "replace", "path": path, "value": other}
            continue
        yield from (found for found in inside if isinstance(found, dict))
        waiting += reversed([found for found in inside if isinstance(found, tuple)])


def pointer(path: str, name: str | int) -> str:
    """Return the JSON Pointer (RFC 6901) of a member or an element of the value at `path`."""
    return f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}"


def _members(
    path: str, one: dict[str, Any], other: dict[str, Any]
) -> Iterator[JsonObject | tuple[str, Json, Json]]:
    """Yield an operation for each member that only one side has, and the others as pairs."""
    for name, value in one.items():
        if name not in other:
            yield {"op": "remove", "path": pointer(path, name)}
        else:
            yield pointer(path, name), value, other[name]
    for name, value in other.items():
        if name not in one:
            yield {"op": "add", "path": pointer(path, name), "value": value}


def _elements(
    path: str, one: Sequence[Json], other: Sequence[Json]
) -> Iterator[JsonObject | tuple[str, Json, Json]]:
    """Yield the pairs of elements, then what is added, or removed from the end."""
    common = min(len(one), len(other))
    for index in range(common):
        yield pointer(path, index), one[index], other[index]
    for index in range(common, len(other)):
        yield {"op": "add", "path": pointer(path, "-"), "value": other[index]}
    for index in reversed(range(common, len(one))):
        yield {"op": "remove", "path": pointer(path, index)}
