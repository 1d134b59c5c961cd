"""Limits how many calls are in flight at once, per function and over all functions.

Calls that wait get their slots in turns by tenant.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

from baton.executor.tenant_queue import ExtraPlaces, TenantQueue

NO_WEIGHTS: Final[Mapping[str, int]] = {}


class FairSemaphore:
    """A semaphore for tenants, whose uncontended acquire needs no coroutine.

    Tenants that wait acquire in turns, each one's calls in their order.

    Args:
        size: How many holders there may be at once.
        extra: Places beyond `size` that are left for tenants which hold few of them.
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
        """The number of places without a holder, extra ones not counted."""
        return self._free

    @property
    def taken(self) -> int:
        """The number of places with a holder, extra ones not counted."""
        return self._size - self._free

    def try_acquire(self) -> bool:
        """Acquire at once and return True, or return False if every place has a holder."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def acquire(self, tenant: str) -> bool:
        """Acquire in turn, and return whether the place is an extra one.

        A cancelled call holds nothing.
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
            if not granted.cancelled():  # it was granted just before the cancellation
                self.release(tenant if granted.result() else None)
            raise

    def release(self, extra_of: str | None = None) -> None:
        """Grant the place to the next waiting call, or free it.

        Args:
            extra_of: The tenant that holds it as an extra place, None for any other place.
        """
        if extra_of is not None:
            self._release_extra(extra_of)
            return
        while self._waiting.size and (found := self._waiting.take()) is not None:
            if not found[1].done():
                found[1].set_result(False)
                return
        self._free += 1

    def waiting(self) -> Counter[str]:
        """Return how many calls of each tenant wait; those that were cancelled don't count."""
        return Counter(tenant for tenant, granted in self._waiting if not granted.done())

    def _release_extra(self, tenant: str) -> None:
        """Free an extra place; while there are others, its tenant may get it again."""
        self._extra.give_back(tenant)
        if self._extra.free > 1:
            if self._extra.take(tenant) and not self._grant_to(tenant):
                self._extra.give_back(tenant)
            return
        while (found := self._waiting.take()) is not None:
            if not found[1].done():
                self._extra.take(found[0], beyond_its_part=True)
                found[1].set_result(True)
                return

    def _grant_to(self, tenant: str) -> bool:
        """Grant an extra place to the next waiting call of a tenant; False if it has none."""
        while (granted := self._waiting.take_of(tenant)) is not None:
            if not granted.done():
                granted.set_result(True)
                return True
        return False


class Slot(NamedTuple):
    """A slot that a call has waited for: the tenant where its place is an extra one, else None."""

    own: str | None
    total: str | None


class ConcurrencyLimit:
    """Limits the calls of one function, within the limit over all functions.

    Args:
        total: The semaphore that all functions share.
        size: How many calls of this function may be in flight.
        extra: Places beyond `size` for tenants that have few calls in flight.
        weights: Calls per turn by tenant; other tenants have the weight 1.
    """

    def __init__(
        self,
        total: FairSemaphore,
        size: int,
        *,
        extra: int = 0,
        weights: Mapping[str, int] = NO_WEIGHTS,
    ) -> None:
        self._total = total
        self._own = FairSemaphore(size, extra=extra, weights=weights)

    def try_acquire(self) -> bool:
        """Acquire a slot at once and return True, or return False if a call has to wait for it."""
        if not self._own.try_acquire():
            return False
        if self._total.try_acquire():
            return True
        self._own.release()
        return False

    async def acquire(self, tenant: str) -> Slot:
        """Wait for a slot: the function's own first, so that a busy function blocks no other."""
        own = tenant if await self._own.acquire(tenant) else None
        try:
            total = tenant if await self._total.acquire(tenant) else None
        except BaseException:
            self._own.release(own)
            raise
        return Slot(own, total)

    def places(self) -> Mapping[str, int]:
        """Return the numbers of places that are free and taken, and of calls that wait for one."""
        waiting = self._own.waiting().total()
        return {"free": self._own.free, "taken": self._own.taken, "waiting": waiting}

    def waiting(self) -> Counter[str]:
        """Return how many calls of each tenant wait for a slot of the function's own."""
        return self._own.waiting()

    def release(self, slot: Slot | None = None) -> None:
        """Free a slot, None for one that was acquired at once; on the event loop only."""
        if slot is None:
            self._total.release()
            self._own.release()
        else:
            self._total.release(slot.total)
            self._own.release(slot.own)
