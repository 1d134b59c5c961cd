"""JSON values as the domain sees them: opaque, compared and walked, never mutated.

Python takes 1 for True and JSON does not, so values are compared here and not with `==`.
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

Json: TypeAlias = object
JsonObject: TypeAlias = dict[str, object]
Kind: TypeAlias = Literal["null", "boolean", "number", "string", "array", "object"]


def kind_of(value: Json) -> Kind:
    """Return what JSON calls `value`; a boolean is no number."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list() | tuple():
            return "array"
        case _:
            return "object"


def same_json(first: Json, second: Json, spend: Callable[[int], None] = lambda _: None) -> bool:
    """Return whether both are the same JSON value.

    `spend` is told how many members are about to be compared, and may raise. Without recursion:
    data may be as deep as its sender liked.
    """
    pairs = [(first, second)]
    while pairs:
        one, other = pairs.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            spend(len(one))
            if one.keys() != other.keys():
                return False
            pairs.extend((value, other[name]) for name, value in one.items())
        elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
            if len(one) != len(other):
                return False
            spend(len(one))
            pairs.extend(zip(one, other, strict=True))
        elif kind_of(one) != kind_of(other) or one != other:
            return False
    return True
