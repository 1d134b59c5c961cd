"""Dotted paths into the data of a run, as used in conditions: `steps.check.output.items.0`."""

from collections.abc import Mapping
from typing import Final

from baton.domain.definition.condition_faults import MAX_NAMES
from baton.domain.json import Json

_LONGEST_INDEX = 9


class Missing:
    """The result of a path that leads to no value, which is different from null."""

    __slots__ = ()


MISSING: Final = Missing()


def value_at(path: str, scope: Mapping[str, Json]) -> Json | Missing:
    """Return the value at `path` in `scope`, or MISSING; array elements are named by index."""
    names = path.split(".", MAX_NAMES)
    if len(names) > MAX_NAMES:
        return MISSING
    value: Json = scope.get(names[0], MISSING)
    for name in names[1:]:
        if isinstance(value, dict):
            value = value.get(name, MISSING)
        elif isinstance(value, list | tuple):
            value = _element(value, name)
        else:
            return MISSING
    return value


def _element(array: list[Json] | tuple[Json, ...], name: str) -> Json | Missing:
    if not (name.isascii() and name.isdigit()) or len(name) > _LONGEST_INDEX:
        return MISSING
    index = int(name)
    return array[index] if index < len(array) else MISSING
