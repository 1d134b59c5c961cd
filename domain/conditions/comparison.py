"""Comparisons of JSON values: types are never converted, and the work is bounded."""

from collections.abc import Callable
from operator import ge, gt, le, lt
from typing import Final, Literal

from baton.domain.json import Json, Kind, kind_of, same_json

Order = Literal["gt", "gte", "lt", "lte"]

_ORDERS: Final[dict[Order, Callable[[int | float, int | float], bool]]] = {
    "gt": gt,
    "gte": ge,
    "lt": lt,
    "lte": le,
}


class Incomparable(ValueError):
    """The two values can't be compared; the text is the reason."""


class ComparisonBudget:
    """The number of members of arrays and objects that one decision may still compare."""

    __slots__ = ("left",)

    def __init__(self, values: int = 20_000) -> None:
        self.left = values

    def spend(self, values: int) -> None:
        """Take `values` from the budget; raises Incomparable if that is more than is left."""
        if values > self.left:
            raise Incomparable("the values are too large to compare")
        self.left -= values


def equal(actual: Json, expected: Json, budget: ComparisonBudget) -> bool:
    """Return whether both are the same JSON value; raises Incomparable for different types.

    Null can be compared with any type, so that a condition can test for null.
    """
    kinds = kind_of(actual), kind_of(expected)
    if kinds[0] != kinds[1] and "null" not in kinds:
        raise Incomparable(
            f"a value of kind {kinds[0]} cannot be compared with one of kind {kinds[1]}"
        )
    return same_json(actual, expected, budget.spend)


def is_in(actual: Json, expected: Json, budget: ComparisonBudget) -> bool:
    """Return whether the array `expected` contains `actual`; raises Incomparable for no array."""
    if not isinstance(expected, list | tuple):
        raise Incomparable(f"the expected value is of kind {kind_of(expected)}, not an array")
    budget.spend(len(expected))
    return any(same_json(actual, element, budget.spend) for element in expected)


def is_ordered(order: Order, actual: Json, expected: Json) -> bool:
    """Return whether two numbers are in this order; raises Incomparable for other types."""
    if isinstance(actual, int | float) and isinstance(expected, int | float):
        kinds: set[Kind] = {kind_of(actual), kind_of(expected)}
        if kinds == {"number"}:
            return _ORDERS[order](actual, expected)
    raise Incomparable(
        f"'{order}' compares numbers, not {kind_of(actual)} with {kind_of(expected)}"
    )
