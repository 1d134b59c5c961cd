"""Messages on Kafka topics; `next` of a consumption waits as long as Kafka doesn't answer."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from functools import partial

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord

from baton.backends.kafka.client_lifecycle import close_client
from baton.backends.kafka.connection import CLIENT_ERRORS, Connection, as_unavailable, retry
from baton.backends.kafka.consuming.corrupt_records import (
    DECODE_ERROR,
    MAX_MESSAGES,
    poll_skipping_corrupt,
)
from baton.backends.kafka.consuming.offsets import CommittedOffsets, Found, LocalOffsets
from baton.backends.kafka.producer import Producer
from baton.backends.kafka.topic_admin import TopicAdmin
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.topics import Message, ReceivedMessage

POLL_MS = 1_000
LEAVE_S = 3.0

_log = logging.getLogger("baton.kafka")


class KafkaTopics:
    """Implements `Topics`; a topic is created by its first use."""

    def __init__(self, connection: Connection, topic_admin: TopicAdmin, producer: Producer) -> None:
        self._connection = connection
        self._topic_admin = topic_admin
        self._producer = producer
        self._open: set[KafkaConsumption] = set()

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        """Return once all of `messages` are kept; raises `Unavailable`, and then they may be."""
        await self._producer.send(topic, messages)

    async def consume(self, topic: str, *, group: str | None) -> "KafkaConsumption":
        """Receive the messages of `topic`: as one of `group`, or on one's own from now on."""
        place = LocalOffsets(topic) if group is None else CommittedOffsets(topic, group)
        consumption = KafkaConsumption(
            self._connection, self._topic_admin, place, closed=self._open.discard
        )
        self._open.add(consumption)
        if group is None:  # now is when Kafka says where the topic ends
            await retry(consumption.started, f"receiving from {topic}")
        return consumption

    async def close(self) -> None:
        """End every consumption; what they returned last is not counted as handled."""
        await asyncio.gather(*(one.close() for one in list(self._open)))


class KafkaConsumption:
    """Implements `TopicConsumer`, with a new consumer after one that failed."""

    def __init__(
        self,
        connection: Connection,
        topic_admin: TopicAdmin,
        place: CommittedOffsets | LocalOffsets,
        *,
        closed: "Callable[[KafkaConsumption], None]",
    ) -> None:
        """`closed` is told about the end."""
        self._connection = connection
        self._topic_admin = topic_admin
        self._place = place
        self._tell = closed
        self._consumer: AIOKafkaConsumer | None = None
        self._starting = asyncio.Lock()
        self._doing = f"receiving from {place.topic}"
        self._wary = False
        self._closed = False

    async def next(
        self, *, unfinished: Collection[ReceivedMessage] = ()
    ) -> Sequence[ReceivedMessage]:
        """Wait for and return the next messages; what was returned before is handled."""
        while not self._closed:
            found = await retry(partial(self._polled, unfinished), self._doing)
            if found:
                return found
        raise Unavailable("Kafka: the consumption is closed")

    async def _polled(self, unfinished: Collection[ReceivedMessage]) -> Sequence[ReceivedMessage]:
        if self._closed:
            return ()
        consumer = await self.started()
        try:
            await self._place.handled(consumer, unfinished)
            found = await self._received(consumer)
            _require(consumer, self._place.topic)
        except BaseException as error:
            if self._wary or not isinstance(error, asyncio.CancelledError):
                await self._drop()
            raise
        self._place.returned.add(found)
        return [_delivered(record) for records in found.values() for record in records]

    async def _received(self, consumer: AIOKafkaConsumer) -> Found:
        found: Found
        if self._wary:
            found, damaged = await poll_skipping_corrupt(consumer)
            self._wary = not damaged
            return found
        try:
            found = await consumer.getmany(timeout_ms=POLL_MS, max_records=MAX_MESSAGES)
        except DECODE_ERROR as error:
            self._wary = True
            raise Unavailable(f"Kafka: a message is damaged: {error}") from error
        return found

    async def started(self) -> AIOKafkaConsumer:
        """Return the consumer, a new one when there is none; raises what clients raise."""
        async with self._starting:
            if self._closed:
                raise Unavailable("Kafka: the consumption is closed")
            if self._consumer is None:
                await self._topic_admin.ensure(self._place.topic)
                fresh = self._connection.consumer(group=self._place.group)
                with as_unavailable():
                    await self._place.take_up(fresh)
                self._consumer = fresh
            return self._consumer

    async def _drop(self) -> None:
        failed, self._consumer = self._consumer, None
        self._topic_admin.forget(self._place.topic)
        if failed is not None:
            await asyncio.shield(close_client(failed))

    async def close(self, *, unfinished: Collection[ReceivedMessage] | None = None) -> None:
        """Leave. What was returned last is handled if `unfinished` is given, but for those."""
        self._closed = True
        self._tell(self)
        try:
            if unfinished is not None and self._consumer is not None:
                async with asyncio.timeout(LEAVE_S):
                    await self._place.handled(self._consumer, unfinished)
        except CLIENT_ERRORS as error:
            _log.warning("%s: what was done last will be received again: %r", self._doing, error)
        finally:
            await self._drop()


def _require(consumer: AIOKafkaConsumer, topic: str) -> None:
    if not consumer.partitions_for_topic(topic):
        raise Unavailable(f"Kafka: {topic} is gone")


def _delivered(record: "ConsumerRecord[bytes, bytes]") -> ReceivedMessage:
    return ReceivedMessage(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        at=record.timestamp,
        message=Message(
            value=record.value,
            key=record.key,
            headers=tuple((name, value or b"") for name, value in record.headers),
        ),
    )
