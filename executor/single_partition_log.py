"""A partitioned log for a single process: its one follower owns every stream."""

from collections.abc import Sequence

from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.partitions import PartitionOwner
from baton.eventlog.ports.stores import EventStore, Log, Subscription


class SinglePartitionLog:
    """Implements `PartitionedLog` over a `Log` that only one process follows."""

    def __init__(self, log: Log, events: EventStore) -> None:
        self._log = log
        self._events = events

    async def join(self, name: str, owner: PartitionOwner) -> Subscription:
        """Follow the log from its head; `owner.gain` is responsible for earlier events."""
        head = await self._events.head()
        return _SinglePartition(await self._log.subscribe(name, after=head), owner)


class _SinglePartition:
    def __init__(self, inner: Subscription, owner: PartitionOwner) -> None:
        self._inner = inner
        self._unassigned: PartitionOwner | None = owner

    async def next(self) -> Sequence[Recorded]:
        if self._unassigned is not None:
            await self._unassigned.gain(lambda _stream: True)
            self._unassigned = None
        return await self._inner.next()

    async def close(self) -> None:
        await self._inner.close()
