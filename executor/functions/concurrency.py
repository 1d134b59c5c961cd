"""Limits the number of concurrent calls, per function and over all functions.

Waiting calls get their slots in turns by tenant.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

from baton.eventlog.metrics.histogram import Histogram
from baton.executor.tenant_queue import ExtraPlaces, TenantQueue

NO_WEIGHTS: Final[Mapping[str, int]] = {}


class FairSemaphore:
    """A semaphore shared fairly by tenants, whose uncontended acquire needs no coroutine.

    Waiting tenants acquire in turns, and each tenant's calls in their order.

    Args:
        size: The number of holders at once.
        extra: Places beyond `size`, reserved for tenants that hold few of them.
        weights: Calls per turn by tenant; other tenants have the weight 1.
    """

    def __init__(
        self, size: int, *, extra: int = 0, weights: Mapping[str, int] = NO_WEIGHTS
    ) -> None:
        self._size = size
        self._free = size
        self._extra = ExtraPlaces(extra, weights)
        self._waiting: TenantQueue[asyncio.Future[bool]] = TenantQueue(weights)

    @property
    def free(self) -> int:
        """The number of free places, not counting extra ones."""
        return self._free

    @property
    def taken(self) -> int:
        """The number of taken places, not counting extra ones."""
        return self._size - self._free

    def try_acquire(self) -> bool:
        """Acquire at once and return True, or return False if every place has a holder."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def acquire(self, tenant: str) -> bool:
        """Acquire in turn, and return whether the place is an extra one.

        A call that is cancelled while it waits holds no place.
        """
        if self.try_acquire():
            return False
        if self._extra.take(tenant):
            return True
        granted: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.add(tenant, granted)
        try:
            return await granted
        except asyncio.CancelledError:
            if not granted.cancelled():  # granted just before the cancellation
                self.release(tenant if granted.result() else None)
            raise

    def release(self, extra_of: str | None = None) -> None:
        """Grant the place to the next waiting call, or free it.

        Args:
            extra_of: The tenant that holds it as an extra place; None for an ordinary place.
        """
        if extra_of is not None:
            self._release_extra(extra_of)
            return
        while self._waiting.size and (next_call := self._waiting.take()) is not None:
            if not next_call[1].done():
                next_call[1].set_result(False)
                return
        self._free += 1

    def waiting(self) -> Counter[str]:
        """Return how many calls of each tenant wait, not counting cancelled ones."""
        return Counter(tenant for tenant, granted in self._waiting if not granted.done())

    def _release_extra(self, tenant: str) -> None:
        """Free an extra place; while other extra places are free, its tenant may get it again."""
        self._extra.give_back(tenant)
        if self._extra.free > 1:
            if self._extra.take(tenant) and not self._grant_to(tenant):
                self._extra.give_back(tenant)
            return
        while (next_call := self._waiting.take()) is not None:
            if not next_call[1].done():
                self._extra.take(next_call[0], beyond_its_part=True)
                next_call[1].set_result(True)
                return

    def _grant_to(self, tenant: str) -> bool:
        """Grant an extra place to the next waiting call of a tenant; False if it has none."""
        while (granted := self._waiting.take_of(tenant)) is not None:
            if not granted.done():
                granted.set_result(True)
                return True
        return False


class Slot(NamedTuple):
    """The slot of a call: the tenant for an extra place, None for an ordinary place."""

    own: str | None
    total: str | None


class ConcurrencyLimit:
    """Limits the calls of one function, within the limit over all functions.

    Args:
        total: The semaphore that all functions share.
        size: The number of concurrent calls of this function.
        extra: Places beyond `size` for tenants that have few running calls.
        weights: Calls per turn by tenant; other tenants have the weight 1.

    Attributes:
        at_once: The number of calls that got a slot at once.
        waits: The waiting times of the other calls, in seconds.
    """

    def __init__(
        self,
        total: FairSemaphore,
        size: int,
        *,
        extra: int = 0,
        weights: Mapping[str, int] = NO_WEIGHTS,
    ) -> None:
        self.at_once = 0
        self.waits = Histogram()
        self._total = total
        self._own = FairSemaphore(size, extra=extra, weights=weights)

    def try_acquire(self) -> bool:
        """Acquire a slot at once and return True, or return False if the call has to wait."""
        if not self._own.try_acquire():
            return False
        if self._total.try_acquire():
            self.at_once += 1
            return True
        self._own.release()
        return False

    async def acquire(self, tenant: str) -> Slot:
        """Wait for a slot, first for the function's own: a busy function blocks no other."""
        own = tenant if await self._own.acquire(tenant) else None
        try:
            total = tenant if await self._total.acquire(tenant) else None
        except BaseException:
            self._own.release(own)
            raise
        return Slot(own, total)

    def places(self) -> Mapping[str, int]:
        """Return the numbers of free places, of taken places, and of waiting calls."""
        waiting = self._own.waiting().total()
        return {"free": self._own.free, "taken": self._own.taken, "waiting": waiting}

    def all_waits(self) -> Histogram:
        """Return the waits of all calls in seconds; most are 0."""
        found = Histogram()
        found.add(self.waits)
        found.buckets[0] += self.at_once
        return found

    def waiting(self) -> Counter[str]:
        """Return how many calls of each tenant wait for this function's own places."""
        return self._own.waiting()

    def release(self, slot: Slot | None = None) -> None:
        """Free a slot; None is a slot that was acquired at once. Only on the event loop."""
        if slot is None:
            self._total.release()
            self._own.release()
        else:
            self._total.release(slot.total)
            self._own.release(slot.own)
