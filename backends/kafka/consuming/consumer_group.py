"""One member of a consumer group, which takes a new consumer whenever the one it has failed."""

import asyncio
import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError

from baton.backends.kafka.client_lifecycle import close_client, start_client
from baton.backends.kafka.connection import CLIENT_ERRORS, Connection, as_unavailable
from baton.backends.kafka.consuming.assignment import Assignment, Rebalances, sticky_assignor
from baton.backends.kafka.consuming.corrupt_records import DECODE_ERROR, poll_skipping_corrupt
from baton.backends.kafka.consuming.offsets import Found, RawRecord
from baton.backends.kafka.names import partition_of
from baton.backends.kafka.topic_admin import TopicAdmin
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.partitions import OwnsStream

POLL_MS: Final = 250
"""How long new partitions wait at most while no messages come."""
COMMIT_S: Final = 1.0
"""How much handled work may be given out again after a crash."""
COMMIT_WITHIN_S: Final = 5.0
LEAVE_WITHIN_S: Final = 1.0
AGAIN_S: Final = 0.1

_log = logging.getLogger("baton.kafka")


class GroupMember:
    """Fetches messages of the partitions of `topic` that are its own, and commits offsets."""

    def __init__(
        self, connection: Connection, topic_admin: TopicAdmin, topic: str, group: str
    ) -> None:
        self.topic = topic
        self.group = group
        self.assignment = Assignment()
        self._connection = connection
        self._topic_admin = topic_admin
        self._consumer: AIOKafkaConsumer | None = None
        self._committing: asyncio.Task[None] | None = None
        self._committed: dict[int, int] = {}
        self._handled: dict[int, int] = {}
        self._due = 0.0
        self._wary = False

    async def join(self) -> None:
        """Have a consumer; a new one has no partitions yet. Raises `Unavailable`."""
        if self._consumer is None:
            await self._topic_admin.ensure(self.topic)
            consumer = self._connection.consumer(group=self.group, assignor=sticky_assignor())
            with as_unavailable():
                await start_client(consumer)
            consumer.subscribe([self.topic], listener=Rebalances(consumer, self.assignment))
            self._consumer = consumer

    def owns(self, partitions: AbstractSet[int]) -> OwnsStream:
        """Return what tells whether a stream is in one of `partitions`."""
        count = len(self._joined.partitions_for_topic(self.topic) or ())
        numbers = frozenset(partitions)
        return lambda stream: partition_of(stream.encode(), count) in numbers

    async def fetch(self) -> Sequence[RawRecord]:
        """Return the next messages of settled partitions, none after a while or a failure."""
        consumer = self._joined
        settled = self.assignment.settled
        consumer.resume(*(place for place in consumer.paused() if place.partition in settled))
        try:
            found = await self._received(consumer)
            _require(consumer, self.topic)
        except (*CLIENT_ERRORS, DECODE_ERROR) as error:
            _log.warning("receiving from %s: %s", self.topic, error or type(error).__name__)
            self._topic_admin.forget(self.topic)
            await self._drop()
            await asyncio.sleep(AGAIN_S)
            return ()
        self.assignment.next.update(
            {place.partition: messages[-1].offset + 1 for place, messages in found.items()}
        )
        return [message for messages in found.values() for message in messages]

    async def _received(self, consumer: AIOKafkaConsumer) -> Found:
        """Return what came in; where a message is damaged, what a new consumer gets around it."""
        found: Found
        if self._wary:
            found, damaged = await poll_skipping_corrupt(consumer)
            self._wary = not damaged
            return found
        try:
            found = await consumer.getmany(timeout_ms=POLL_MS)
        except DECODE_ERROR:
            self._wary = True
            raise
        return found

    def handled(self) -> None:
        """Take note that all that was fetched is handled; commit that now and then."""
        self._handled = dict(self.assignment.next)
        now = asyncio.get_running_loop().time()
        if now < self._due or self._consumer is None or self._committing is not None:
            return
        if self._fresh():
            self._due = now + COMMIT_S
            self._committing = asyncio.ensure_future(self._commit(self._consumer, COMMIT_WITHIN_S))
            self._committing.add_done_callback(self._was_committed)

    async def leave(self) -> None:
        """Commit what was handled and leave the group."""
        consumer, self._consumer = self._consumer, None
        if consumer is None:
            return
        if self._committing is not None:
            await asyncio.wait((self._committing,), timeout=LEAVE_WITHIN_S)
        await self._commit(consumer, LEAVE_WITHIN_S)
        await close_client(consumer)

    @property
    def _joined(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise Unavailable(f"{self.group} was left")
        return self._consumer

    def _fresh(self) -> dict[int, int]:
        """Return the offsets that aren't committed yet, of partitions that are still ours."""
        ours = self.assignment.kept
        return {
            partition: offset
            for partition, offset in self._handled.items()
            if partition in ours and self._committed.get(partition) != offset
        }

    async def _commit(self, consumer: AIOKafkaConsumer, within_s: float) -> None:
        """Commit; what fails, as it may while partitions move, is committed later."""
        fresh = self._fresh()
        if not fresh:
            return
        offsets = {TopicPartition(self.topic, number): offset for number, offset in fresh.items()}
        try:
            async with asyncio.timeout(within_s):
                await consumer.commit(offsets)
        except CLIENT_ERRORS as error:
            _log.info("%s: offsets aren't committed: %r", self.group, error)
        else:
            self._committed.update(fresh)

    def _was_committed(self, _task: asyncio.Task[None]) -> None:
        self._committing = None

    async def _drop(self) -> None:
        """Begin anew; others may have the partitions by then."""
        consumer, self._consumer = self._consumer, None
        self.assignment.left()
        self._committed.clear()
        if consumer is not None:
            await asyncio.shield(close_client(consumer))


def _require(consumer: AIOKafkaConsumer, topic: str) -> None:
    """Raise if the topic is gone: nobody else tells."""
    if not consumer.partitions_for_topic(topic):
        raise UnknownTopicOrPartitionError(topic)
