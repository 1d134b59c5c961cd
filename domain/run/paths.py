"""Dotted paths into the data of a run, as conditions write them: `steps.check.output.items.0`."""

from collections.abc import Mapping
from typing import Final

from baton.domain.definition.condition_faults import MAX_NAMES
from baton.domain.json import Json

_LONGEST_INDEX = 9


class Missing:
    """There is nothing at a path: not the same as null."""

    __slots__ = ()


MISSING: Final = Missing()


def value_at(path: str, scope: Mapping[str, Json]) -> Json | Missing:
    """Return what `path` leads to in `scope`, or MISSING; arrays are entered by index."""
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
