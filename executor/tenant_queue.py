"""Waiting items that are taken in turns by tenant: a busy tenant doesn't delay the others."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_EXTRA_SHARE: Final = 8
"""A limit has one extra place for this many places; a smaller limit has none."""
_EXTRA_EACH: Final = 4
"""One tenant may hold one of this many extra places."""


def extra_places(limit: int) -> int:
    """Return the number of a limit's extra places: none, or at least two."""
    return max(2, limit // _EXTRA_SHARE) if limit >= _EXTRA_SHARE else 0


class TenantQueue(Generic[T]):
    """A fair queue: each turn takes a tenant's oldest items, as many as the tenant's weight.

    Adding and taking an item takes constant time, however many items and tenants there are.

    Args:
        weights: Items per turn by tenant; other tenants have the weight 1.

    Attributes:
        size: The number of items; an attribute, because it is read whenever a task ends.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = weights
        self._items: dict[str, deque[T]] = {}
        self._turns: deque[str] = deque()  # the tenants of `_items`
        self._left = 0  # items that the current turn may still take
        self.size = 0

    def add(self, tenant: str, item: T) -> None:
        """Add an item after the other items of its tenant."""
        items = self._items.get(tenant)
        if items is None:
            items = self._items[tenant] = deque()
            self._turns.append(tenant)
        items.append(item)
        self.size += 1

    def take(self) -> tuple[str, T] | None:
        """Take the next item in turn and return it with its tenant; None if the queue is empty."""
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
        """Take the oldest item of a tenant out of turn; None if the tenant has none."""
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
        """Return the number of items by tenant, for tenants with items."""
        return {tenant: len(items) for tenant, items in self._items.items() if items}

    def remove(self, unwanted: Callable[[T], bool]) -> None:
        """Remove the items for which `unwanted` is true."""
        for tenant, items in self._items.items():
            self._items[tenant] = deque(item for item in items if not unwanted(item))
        self.size = sum(map(len, self._items.values()))

    def _end_turn(self, tenant: str) -> None:
        self._turns.popleft()
        del self._items[tenant]
        self._left = 0


class ExtraPlaces:
    """Places beyond a limit, of which a tenant gets only a part.

    If the slow work of one tenant fills the limit, these places are left for other tenants.

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
        """The number of free places."""
        return self._free

    def take(self, tenant: str, *, beyond_its_part: bool = False) -> bool:
        """Take a place if one is free and the tenant holds less than its part; say whether."""
        taken = self._held.get(tenant, 0)
        part = self._each * self._weights.get(tenant, 1)
        if not self._free or (taken >= part and not beyond_its_part):
            return False
        self._held[tenant] = taken + 1
        self._free -= 1
        return True

    def give_back(self, tenant: str) -> None:
        """Free a place that `tenant` holds."""
        self._free += 1
        remaining = self._held[tenant] - 1
        if remaining:
            self._held[tenant] = remaining
        else:
            del self._held[tenant]
