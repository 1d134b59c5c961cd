"""JSON values, which the domain compares and traverses but never changes.

They are compared by `same_json`, not by `==`: in Python 1 equals True, in JSON it doesn't.
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

Json: TypeAlias = object
JsonObject: TypeAlias = dict[str, object]
Kind: TypeAlias = Literal["null", "boolean", "number", "string", "array", "object"]


def kind_of(value: Json) -> Kind:
    """Return the JSON type of `value`; a boolean is not a number."""
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
    """Return whether both are the same JSON value. Not recursive, so data may be arbitrarily deep.

    Args:
        first: A value.
        second: The other value.
        spend: Called before members are compared, with their number. May raise to stop.
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
