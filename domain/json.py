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
        spend: Called with a number of members before they are compared. May raise to stop.
    """
    pairs = [(first, second)]
    while pairs:
        left, right = pairs.pop()
        if isinstance(left, dict) and isinstance(right, dict):
            spend(len(left))
            if left.keys() != right.keys():
                return False
            pairs.extend((value, right[name]) for name, value in left.items())
        elif isinstance(left, list | tuple) and isinstance(right, list | tuple):
            if len(left) != len(right):
                return False
            spend(len(left))
            pairs.extend(zip(left, right, strict=True))
        elif kind_of(left) != kind_of(right) or left != right:
            return False
    return True
