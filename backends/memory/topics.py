"""Messages in memory, shared out among a group by partition as a broker does it."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from zlib import crc32

from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.topics import Message, ReceivedMessage

PARTITIONS = 6
MAX_MESSAGES = 500
"""What one `next` returns at most."""


class MemoryTopics:
    """Implements `Topics`; a topic begins with its first use."""

    def __init__(self, clock: Clock | None = None) -> None:
        """`clock` dates the messages."""
        self._clock = clock or SystemClock()
        self._topics: dict[str, _Topic] = {}
        self._groups: dict[tuple[str, str], _Group] = {}

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        """Keep all of `messages`."""
        self._topic(topic).add(messages, at=self._clock.now())

    async def consume(self, topic: str, *, group: str | None) -> "MemoryConsumption":
        """Receive the messages of `topic`, as one of `group` or on one's own."""
        found = self._topic(topic)
        if group is None:
            return MemoryConsumption(found, _Group(found.ends()))
        return MemoryConsumption(found, self._groups.setdefault((topic, group), _Group({})))

    def _topic(self, name: str) -> "_Topic":
        return self._topics.setdefault(name, _Topic(name))


class _Topic:
    """Partitions, each a list in which a message's index is its offset."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._partitions: list[list[ReceivedMessage]] = [[] for _ in range(PARTITIONS)]
        self._keyless = count()
        self.changed = asyncio.Event()

    def add(self, messages: Sequence[Message], *, at: int) -> None:
        for message in messages:
            turn = next(self._keyless) if message.key is None else crc32(message.key)
            number = turn % PARTITIONS
            kept = self._partitions[number]
            kept.append(
                ReceivedMessage(
                    topic=self._name, partition=number, offset=len(kept), at=at, message=message
                )
            )
        self.wake()

    def ends(self) -> dict[int, int]:
        return {number: len(kept) for number, kept in enumerate(self._partitions)}

    def from_offset(self, number: int, offset: int, limit: int) -> Sequence[ReceivedMessage]:
        return self._partitions[number][offset : offset + limit]

    def wake(self) -> None:
        """Have everybody who waits look again."""
        self.changed.set()
        self.changed = asyncio.Event()


class _Group:
    """How far the messages of each partition are handled, and whose turn each partition is."""

    def __init__(self, handled: Mapping[int, int]) -> None:
        self.handled = dict(handled)
        self.members: list[MemoryConsumption] = []
        self.generation = 0

    def enter(self, member: "MemoryConsumption") -> None:
        self.members.append(member)
        self.generation += 1

    def leave(self, member: "MemoryConsumption") -> None:
        self.members.remove(member)
        self.generation += 1

    def shares_of(self, member: "MemoryConsumption") -> Sequence[int]:
        return range(self.members.index(member), PARTITIONS, len(self.members))


class MemoryConsumption:
    """One member's place; messages of a partition that changes hands are given out again."""

    def __init__(self, topic: _Topic, group: _Group) -> None:
        self._topic = topic
        self._group = group
        self._generation = 0
        self._returned: dict[int, int] = {}  # of each partition, how far
        group.enter(self)
        topic.wake()

    async def next(
        self, *, unfinished: Collection[ReceivedMessage] = ()
    ) -> Sequence[ReceivedMessage]:
        """Wait for and return the next messages; what was returned before is handled."""
        self._count(unfinished)
        while True:
            changed = self._topic.changed
            if found := self._found():
                return found
            await changed.wait()

    async def close(self, *, unfinished: Collection[ReceivedMessage] | None = None) -> None:
        """Leave; what was returned last is handled only where `unfinished` is given."""
        if self not in self._group.members:
            return
        if unfinished is not None:
            self._count(unfinished)
        self._group.leave(self)
        self._topic.wake()

    def _count(self, unfinished: Collection[ReceivedMessage]) -> None:
        """Count as handled what was returned, up to the first in a partition that is unfinished."""
        handled = dict(self._returned)
        for one in unfinished:
            if one.partition in handled:
                handled[one.partition] = min(handled[one.partition], one.offset)
        for number, offset in handled.items():
            self._group.handled[number] = max(self._group.handled.get(number, 0), offset)

    def _found(self) -> Sequence[ReceivedMessage]:
        if self not in self._group.members:
            raise Unavailable("the consumption is closed")
        if self._generation != self._group.generation:
            self._generation, self._returned = self._group.generation, {}
        found: list[ReceivedMessage] = []
        for number in self._group.shares_of(self):
            begin = self._returned.get(number, self._group.handled.get(number, 0))
            found += self._topic.from_offset(number, begin, MAX_MESSAGES - len(found))
        self._returned |= {one.partition: one.offset + 1 for one in found}
        return found
