"""A log in memory that members of a group share out by partition, as Kafka does between processes.

For several executors in one process: what they own moves when they come and go.
"""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from zlib import crc32

from baton.eventlog.errors import Unavailable
from baton.eventlog.events.codec import decode_recorded
from baton.eventlog.events.envelope import Recorded, Stored
from baton.eventlog.ports.partitions import OwnsStream, PartitionOwner

PARTITIONS = 12
MAX_EVENTS = 500
"""What one `next` returns at most of a partition."""


class MemoryShares:
    """Implements `Publisher` and `PartitionedLog`, its two ends."""

    def __init__(self) -> None:
        self.partitions: Sequence[list[Stored]] = [[] for _ in range(PARTITIONS)]
        self.changed = asyncio.Event()
        self._groups: dict[str, _Group] = {}

    async def publish(self, events: Sequence[Stored]) -> None:
        """Keep all of `events`."""
        for event in events:
            self.partitions[_partition(event.stream)].append(event)
        self.wake()

    async def join(self, name: str, owner: PartitionOwner) -> "MemoryShare":
        """Become one of the followers called `name`."""
        share = MemoryShare(self, self._groups.setdefault(name, _Group()), owner)
        self.wake()
        return share

    def wake(self) -> None:
        """Have everybody who waits look again."""
        self.changed.set()
        self.changed = asyncio.Event()


class _Group:
    """Whose each partition is, since when, and how far its events are handled."""

    def __init__(self) -> None:
        self.members: list[MemoryShare] = []
        self.owners: list[MemoryShare | None] = [None] * PARTITIONS
        self.terms = [0] * PARTITIONS
        self.handled = [0] * PARTITIONS

    def share_out(self) -> None:
        """Give each member as many as any other, moving no more than that takes."""
        least, more = divmod(PARTITIONS, max(1, len(self.members)))
        room = {id(one): least + (turn < more) for turn, one in enumerate(self.members)}
        homeless = []
        for number, owner in enumerate(self.owners):
            if room.get(id(owner), 0):
                room[id(owner)] -= 1
            else:
                homeless.append(number)
        for number in homeless:
            self.terms[number] += 1
            self.owners[number] = next((one for one in self.members if room[id(one)]), None)
            if self.owners[number] is not None:
                room[id(self.owners[number])] -= 1

    def terms_of(self, member: "MemoryShare") -> dict[int, int]:
        """Return the member's partitions, each with the number of its term."""
        return {
            number: self.terms[number]
            for number, owner in enumerate(self.owners)
            if owner is member
        }


class MemoryShare:
    """One owner's part of the log."""

    def __init__(self, log: MemoryShares, group: _Group, owner: PartitionOwner) -> None:
        self._log = log
        self._group = group
        self._owner = owner
        self._terms: dict[int, int] = {}  # of what the owner took up
        self._begun: dict[int, int] = {}  # of what it may have taken up in part
        self._next: dict[int, int] = {}
        group.members.append(self)
        group.share_out()

    async def next(self) -> Sequence[Recorded]:
        """Wait for and return events that the owner doesn't know; tell it what it owns first."""
        while True:
            changed = self._log.changed
            self._handled()
            await self._settle()
            before = dict(self._next)
            if found := self._found():
                return found
            if self._next == before:
                await changed.wait()

    async def close(self) -> None:
        """Leave; what was returned last is not handled."""
        if self in self._group.members:
            self._group.members.remove(self)
            self._group.share_out()
            self._log.wake()

    def _handled(self) -> None:
        for number, term in self._terms.items():
            if self._group.terms[number] == term:
                self._group.handled[number] = self._next[number]

    async def _settle(self) -> None:
        if self not in self._group.members:
            raise Unavailable("the group was left")
        while self._terms != (given := self._group.terms_of(self)):
            if lost := self._begun.items() - given.items():
                await self._owner.lose(_owns({number for number, _ in lost}))
                for number, _ in lost:
                    self._begun.pop(number)
                    self._terms.pop(number, None)
                continue
            gained = dict(given.items() - self._terms.items())
            self._begun |= gained
            await self._owner.gain(_owns(gained.keys()))
            self._terms |= gained
            self._next |= {number: self._group.handled[number] for number in gained}

    def _found(self) -> Sequence[Recorded]:
        found: list[Recorded] = []
        for number in self._terms:
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
