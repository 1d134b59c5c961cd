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


class _Members:
    """The elements of an array, so that looking up a scalar doesn't compare it with each element.

    Booleans are kept separately, because in Python True equals 1. Numbers are equal in Python as in
    JSON, and values of any other two types are never equal.
    """

    __slots__ = ("booleans", "composites", "scalars")

    def __init__(self, array: list[Json] | tuple[Json, ...]) -> None:
        self.scalars: set[Json] = set()
        self.booleans: set[Json] = set()
        self.composites: list[Json] = []
        for element in array:
            if isinstance(element, bool):
                self.booleans.add(element)
            elif element is None or isinstance(element, str | int | float):
                self.scalars.add(element)
            else:
                self.composites.append(element)

    def has(self, value: Json, spend: Callable[[int], None]) -> bool:
        """Return whether `value` is an element; `spend` is called as in `same_json`."""
        if isinstance(value, bool):
            return value in self.booleans
        if value is None or isinstance(value, str | int | float):
            return value in self.scalars
        return any(same_json(value, element, spend) for element in self.composites)


class ComparisonBudget:
    """The number of members of arrays and objects that one decision may still compare.

    The arrays of `in` are indexed once per decision and don't count against the budget: together
    they are no larger than the definition and the data of the run.
    """

    __slots__ = ("_members", "left")

    def __init__(self) -> None:
        self.left = 20_000
        self._members: dict[int, tuple[Json, _Members]] = {}

    def members_of(self, array: list[Json] | tuple[Json, ...]) -> _Members:
        """Return the elements of `array`, which doesn't change while the decision is made."""
        entry = self._members.get(id(array))
        if entry is None:  # the entry keeps the array alive, so that no other array gets its id
            entry = self._members[id(array)] = (array, _Members(array))
        return entry[1]

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
    return budget.members_of(expected).has(actual, budget.spend)


def is_ordered(order: Order, actual: Json, expected: Json) -> bool:
    """Return whether two numbers are in the given order; raises Incomparable for other types."""
    if isinstance(actual, int | float) and isinstance(expected, int | float):
        kinds: set[Kind] = {kind_of(actual), kind_of(expected)}
        if kinds == {"number"}:
            return _ORDERS[order](actual, expected)
    raise Incomparable(
        f"'{order}' compares numbers, not {kind_of(actual)} with {kind_of(expected)}"
    )
