"""JSON Patch documents (RFC 6902): the operations that turn one JSON value into another."""

from collections.abc import Iterator, Sequence
from typing import Any

from baton.domain.json import Json, JsonObject, same_json


def json_patch(before: Json, after: Json) -> Iterator[JsonObject]:
    """Yield the operations that turn `before` into `after`, in the order of their paths.

    Elements of arrays are compared by their index. Not recursive, so data may be arbitrarily deep.
    """
    pending: list[tuple[str, Json, Json]] = [("", before, after)]
    while pending:
        path, old, new = pending.pop()
        if isinstance(old, dict) and isinstance(new, dict):
            changes = list(_members(path, old, new))
        elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
            changes = list(_elements(path, old, new))
        else:
            if not same_json(old, new):
                yield {"op": "replace", "path": path, "value": new}
            continue
        yield from (change for change in changes if isinstance(change, dict))
        pending += reversed([change for change in changes if isinstance(change, tuple)])


def pointer(path: str, name: str | int) -> str:
    """Return the JSON Pointer (RFC 6901) of a member or an element of the value at `path`."""
    return f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}"


def _members(
    path: str, old: dict[str, Any], new: dict[str, Any]
) -> Iterator[JsonObject | tuple[str, Json, Json]]:
    """Yield the operation for each member that only one side has, and the others as pairs."""
    for name, value in old.items():
        if name not in new:
            yield {"op": "remove", "path": pointer(path, name)}
        else:
            yield pointer(path, name), value, new[name]
    for name, value in new.items():
        if name not in old:
            yield {"op": "add", "path": pointer(path, name), "value": value}


def _elements(
    path: str, old: Sequence[Json], new: Sequence[Json]
) -> Iterator[JsonObject | tuple[str, Json, Json]]:
    """Yield elements at the same index as pairs, then operations that append or remove the rest."""
    common = min(len(old), len(new))
    for index in range(common):
        yield pointer(path, index), old[index], new[index]
    for index in range(common, len(new)):
        yield {"op": "add", "path": pointer(path, "-"), "value": new[index]}
    for index in reversed(range(common, len(old))):
        yield {"op": "remove", "path": pointer(path, index)}
