"""Record events that wait until their tenant may start more runs, by tenant and in log order."""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from baton.domain.stream import stream_parts
from baton.scheduler.records.triggers import Match


class DeferredRecord(NamedTuple):
    """A record event: its position in the log, its stream, and the runs that it starts."""

    position: int
    stream: str
    match: Match


class DeferredRecords:
    """The deferred record events. They hold no payload; it is read again from the store."""

    def __init__(self) -> None:
        self._by_tenant: dict[str, deque[DeferredRecord]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __contains__(self, tenant: object) -> bool:
        return tenant in self._by_tenant

    def __iter__(self) -> Iterator[str]:
        """Yield the tenants; the mapping may change during the iteration."""
        return iter(tuple(self._by_tenant))

    @property
    def first_position(self) -> int | None:
        """The lowest position of a deferred event."""
        return min((waiting[0].position for waiting in self._by_tenant.values()), default=None)

    def add(self, record: DeferredRecord) -> None:
        """Append a record event to the events of its tenant."""
        tenant = stream_parts(record.stream).tenant
        self._by_tenant.setdefault(tenant, deque()).append(record)
        self._size += 1

    def first(self, tenant: str, limit: int) -> list[DeferredRecord]:
        """Return the first `limit` record events of a tenant."""
        return list(islice(self._by_tenant.get(tenant, ()), limit))

    def remove_first(self, tenant: str, number: int) -> None:
        """Remove the first `number` record events of a tenant."""
        waiting = self._by_tenant[tenant]
        for _ in range(number):
            waiting.popleft()
        self._size -= number
        if not waiting:
            del self._by_tenant[tenant]
