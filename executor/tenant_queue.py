"""Waiting items that are taken in turns by tenant, so that a busy tenant delays no other one."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_EXTRA_SHARE: Final = 8
"""The part of a limit that its extra places are, as a divisor; a smaller limit has none."""
_EXTRA_EACH: Final = 4
"""The part of the extra places that one tenant may hold, as a divisor."""


def extra_places(limit: int) -> int:
    """Return how many places a limit has beyond itself: none, or at least two."""
    return max(2, limit // _EXTRA_SHARE) if limit >= _EXTRA_SHARE else 0


class TenantQueue(Generic[T]):
    """A queue with turns: in each one, a tenant's oldest items are taken, as many as its weight.

    Adding and taking an item takes constant time, however many items and tenants there are.

    Args:
        weights: Items per turn by tenant; other tenants have the weight 1.

    Attributes:
        size: The number of items; an attribute, because it is read when any task ends.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = weights
        self._items: dict[str, deque[T]] = {}
        self._turns: deque[str] = deque()  # the tenants of `_items`
        self._left = 0  # items that the present turn may still take
        self.size = 0

    def add(self, tenant: str, item: T) -> None:
        """Add an item behind those of its tenant."""
        items = self._items.get(tenant)
        if items is None:
            items = self._items[tenant] = deque()
            self._turns.append(tenant)
        items.append(item)
        self.size += 1

    def take(self) -> tuple[str, T] | None:
        """Take the next item in turn and return its tenant and it; None if there is none."""
        while self._turns:
            tenant = self._turns[0]
            items = self._items[tenant]
            if not items:  # `take_of` has taken the last one
                self._end_turn(tenant)
                continue
            if not self._left:
                self._left = self._weights.get(tenant, 1)
            self._left -= 1
            self.size -= 1
            item = items.popleft()
            if not items:
                self._end_turn(tenant)
            elif not self._left:
                self._turns.rotate(-1)
            return tenant, item
        return None

    def take_of(self, tenant: str) -> T | None:
        """Take the oldest item of a tenant out of turn; None if it has none."""
        items = self._items.get(tenant)
        if not items:
            return None
        self.size -= 1
        return items.popleft()

    def __iter__(self) -> Iterator[tuple[str, T]]:
        """Yield every item with its tenant, without taking it."""
        for tenant, items in self._items.items():
            for item in items:
                yield tenant, item

    def sizes(self) -> dict[str, int]:
        """Return the number of items of each tenant that has any."""
        return {tenant: len(items) for tenant, items in self._items.items() if items}

    def remove(self, unwanted: Callable[[T], bool]) -> None:
        """Remove the items that `unwanted` is true for."""
        for tenant, items in self._items.items():
            self._items[tenant] = deque(one for one in items if not unwanted(one))
        self.size = sum(map(len, self._items.values()))

    def _end_turn(self, tenant: str) -> None:
        self._turns.popleft()
        del self._items[tenant]
        self._left = 0


class ExtraPlaces:
    """Places beyond a limit, of which a tenant gets a part only.

    A tenant whose slow work holds every place of the limit leaves others these.

    Args:
        count: The number of extra places.
        weights: Multiplies the part of a tenant; other tenants have the weight 1.
    """

    def __init__(self, count: int, weights: Mapping[str, int]) -> None:
        self._free = count
        self._each = max(1, count // _EXTRA_EACH)
        self._weights = weights
        self._held: dict[str, int] = {}

    @property
    def free(self) -> int:
        """The places that no tenant holds."""
        return self._free

    def take(self, tenant: str, *, beyond_its_part: bool = False) -> bool:
        """Take a place and return True, if one is free and the tenant holds less than its part."""
        held = self._held.get(tenant, 0)
        part = self._each * self._weights.get(tenant, 1)
        if not self._free or (held >= part and not beyond_its_part):
            return False
        self._held[tenant] = held + 1
        self._free -= 1
        return True

    def give_back(self, tenant: str) -> None:
        """Free a place that `tenant` holds."""
        self._free += 1
        left = self._held[tenant] - 1
        if left:
            self._held[tenant] = left
        else:
            del self._held[tenant]
