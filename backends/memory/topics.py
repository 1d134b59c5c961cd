"""Topics in memory; a group's members divide the partitions of a topic as on a broker."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from zlib import crc32

from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.topics import Message, ReceivedMessage

PARTITIONS = 6
MAX_MESSAGES = 500
"""The most messages that one `next` returns."""


class MemoryTopics:
    """Implements `Topics`; the first use of a topic creates it."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._topics: dict[str, _Topic] = {}
        self._groups: dict[tuple[str, str], _Group] = {}

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        """Append `messages` to the topic."""
        self._topic(topic).add(messages, at=self._clock.now())

    async def consume(self, topic: str, *, group: str | None) -> "MemoryTopicConsumer":
        """Return a consumer of `topic`: a member of `group`, or one that gets every message."""
        consumed = self._topic(topic)
        if group is None:
            return MemoryTopicConsumer(consumed, _Group(consumed.ends()))
        return MemoryTopicConsumer(consumed, self._groups.setdefault((topic, group), _Group({})))

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
            partition = self._partitions[number]
            partition.append(
                ReceivedMessage(
                    topic=self._name,
                    partition=number,
                    offset=len(partition),
                    at=at,
                    message=message,
                )
            )
        self.wake_consumers()

    def ends(self) -> dict[int, int]:
        return {number: len(messages) for number, messages in enumerate(self._partitions)}

    def from_offset(self, number: int, offset: int, limit: int) -> Sequence[ReceivedMessage]:
        return self._partitions[number][offset : offset + limit]

    def wake_consumers(self) -> None:
        """Make every waiting consumer look for messages again."""
        self.changed.set()
        self.changed = asyncio.Event()


class _Group:
    """The members of a consumer group, and the committed offset of each partition."""

    def __init__(self, committed: Mapping[int, int]) -> None:
        self.committed = dict(committed)
        self.members: list[MemoryTopicConsumer] = []
        self.generation = 0

    def join(self, member: "MemoryTopicConsumer") -> None:
        self.members.append(member)
        self.generation += 1

    def leave(self, member: "MemoryTopicConsumer") -> None:
        self.members.remove(member)
        self.generation += 1

    def partitions_of(self, member: "MemoryTopicConsumer") -> Sequence[int]:
        return range(self.members.index(member), PARTITIONS, len(self.members))


class MemoryTopicConsumer:
    """A member of a group; a rebalance delivers uncommitted messages again."""

    def __init__(self, topic: _Topic, group: _Group) -> None:
        self._topic = topic
        self._group = group
        self._generation = 0
        self._returned: dict[int, int] = {}  # the next offset of each partition
        group.join(self)
        topic.wake_consumers()

    async def next(
        self, *, unfinished: Collection[ReceivedMessage] = ()
    ) -> Sequence[ReceivedMessage]:
        """Commit the messages returned before, then wait for and return the next ones."""
        self._commit(unfinished)
        while True:
            changed = self._topic.changed
            if messages := self._read():
                return messages
            await changed.wait()

    async def close(self, *, unfinished: Collection[ReceivedMessage] | None = None) -> None:
        """Leave the group; the last messages are committed only if `unfinished` is given."""
        if self not in self._group.members:
            return
        if unfinished is not None:
            self._commit(unfinished)
        self._group.leave(self)
        self._topic.wake_consumers()

    def _commit(self, unfinished: Collection[ReceivedMessage]) -> None:
        """Commit the returned messages, up to the first unfinished message of each partition."""
        committed = dict(self._returned)
        for message in unfinished:
            if message.partition in committed:
                committed[message.partition] = min(committed[message.partition], message.offset)
        for number, offset in committed.items():
            self._group.committed[number] = max(self._group.committed.get(number, 0), offset)

    def _read(self) -> Sequence[ReceivedMessage]:
        if self not in self._group.members:
            raise Unavailable("the consumer is closed")
        if self._generation != self._group.generation:
            self._generation, self._returned = self._group.generation, {}
        messages: list[ReceivedMessage] = []
        for number in self._group.partitions_of(self):
            begin = self._returned.get(number, self._group.committed.get(number, 0))
            messages += self._topic.from_offset(number, begin, MAX_MESSAGES - len(messages))
        self._returned |= {message.partition: message.offset + 1 for message in messages}
        return messages
