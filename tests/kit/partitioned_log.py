"""A partitioned log in memory, for several executors in one process.

The members of a group own its partitions as consumers of a Kafka consumer group do: partitions move
when members join and leave.
"""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from zlib import crc32

from baton.eventlog.errors import Unavailable
from baton.eventlog.events.codec import decode_recorded
from baton.eventlog.events.envelope import Recorded, Stored
from baton.eventlog.ports.partitions import OwnsStream, PartitionOwner
from baton.eventlog.ports.stores import Subscription

PARTITIONS = 12
MAX_EVENTS = 500
"""The most events of one partition that one `next` returns."""


class MemoryPartitionedLog:
    """Implements `Publisher` and `PartitionedLog`, the two ends of the log."""

    def __init__(self) -> None:
        self.partitions: Sequence[list[Stored]] = [[] for _ in range(PARTITIONS)]
        self.changed = asyncio.Event()
        self._groups: dict[str, _Group] = {}

    async def publish(self, events: Sequence[Stored]) -> None:
        """Append `events`, each to the partition of its stream."""
        for event in events:
            self.partitions[_partition(event.stream)].append(event)
        self.wake_members()

    async def join(self, name: str, owner: PartitionOwner) -> "MemoryPartitionSubscription":
        """Join the group `name`."""
        group = self._groups.setdefault(name, _Group())
        subscription = MemoryPartitionSubscription(self, group, owner)
        self.wake_members()
        return subscription

    async def crash(self, subscription: Subscription) -> None:
        """End a member; in one process that is the same as leaving."""
        await subscription.close()

    def wake_members(self) -> None:
        """Make every member that waits look for events and assignments again."""
        self.changed.set()
        self.changed = asyncio.Event()


class _Group:
    """The assignment of the partitions, and the offset that each is acknowledged up to.

    A partition's term is counted up with every change of its owner.
    """

    def __init__(self) -> None:
        self.members: list[MemoryPartitionSubscription] = []
        self.owners: list[MemoryPartitionSubscription | None] = [None] * PARTITIONS
        self.terms = [0] * PARTITIONS
        self.committed = [0] * PARTITIONS

    def rebalance(self) -> None:
        """Assign the partitions evenly, moving as few of them as possible."""
        least, more = divmod(PARTITIONS, max(1, len(self.members)))
        capacity = {id(one): least + (index < more) for index, one in enumerate(self.members)}
        unassigned = []
        for number, owner in enumerate(self.owners):
            if capacity.get(id(owner), 0):
                capacity[id(owner)] -= 1
            else:
                unassigned.append(number)
        for number in unassigned:
            self.terms[number] += 1
            self.owners[number] = next((one for one in self.members if capacity[id(one)]), None)
            if self.owners[number] is not None:
                capacity[id(self.owners[number])] -= 1

    def terms_of(self, member: "MemoryPartitionSubscription") -> dict[int, int]:
        """Return the member's partitions, each with its term."""
        return {
            number: self.terms[number]
            for number, owner in enumerate(self.owners)
            if owner is member
        }


class MemoryPartitionSubscription:
    """One member's partitions of the log."""

    def __init__(self, log: MemoryPartitionedLog, group: _Group, owner: PartitionOwner) -> None:
        self._log = log
        self._group = group
        self._owner = owner
        self._gained: dict[int, int] = {}  # term of each partition whose `gain` has returned
        self._begun: dict[int, int] = {}  # also those whose `gain` has failed so far
        self._next: dict[int, int] = {}
        group.members.append(self)
        group.rebalance()

    async def next(self) -> Sequence[Recorded]:
        """Wait for and return events that the owner hasn't seen, after it knows its partitions."""
        while True:
            changed = self._log.changed
            self._acknowledge()
            await self._apply_assignment()
            before = dict(self._next)
            if found := self._read():
                return found
            if self._next == before:
                await changed.wait()

    async def close(self) -> None:
        """Leave the group without acknowledging the events that were returned last."""
        if self in self._group.members:
            self._group.members.remove(self)
            self._group.rebalance()
            self._log.wake_members()

    def _acknowledge(self) -> None:
        for number, term in self._gained.items():
            if self._group.terms[number] == term:
                self._group.committed[number] = self._next[number]

    async def _apply_assignment(self) -> None:
        if self not in self._group.members:
            raise Unavailable("the subscription is closed")
        while self._gained != (assigned := self._group.terms_of(self)):
            if lost := self._begun.items() - assigned.items():
                await self._owner.lose(_owns({number for number, _ in lost}))
                for number, _ in lost:
                    self._begun.pop(number)
                    self._gained.pop(number, None)
                continue
            gained = dict(assigned.items() - self._gained.items())
            self._begun |= gained
            await self._owner.gain(_owns(gained.keys()))
            self._gained |= gained
            self._next |= {number: self._group.committed[number] for number in gained}

    def _read(self) -> Sequence[Recorded]:
        found: list[Recorded] = []
        for number in self._gained:
            begin = self._next[number]
            events = self._log.partitions[number][begin : begin + MAX_EVENTS]
            self._next[number] = begin + len(events)
            found += [
                decode_recorded(*one)
                for one in events
                if not self._owner.already_seen(one.stream, one.version)
            ]
        return found


def _partition(stream: str) -> int:
    return crc32(stream.encode()) % PARTITIONS


def _owns(partitions: AbstractSet[int]) -> OwnsStream:
    numbers = frozenset(partitions)
    return lambda stream: _partition(stream) in numbers
