"""Topics on Kafka: sending, and consumers whose `next` waits while Kafka is unavailable."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from functools import partial

from aiokafka import AIOKafkaConsumer

from baton.backends.kafka.connection import CLIENT_ERRORS, Connection, retry_forever
from baton.backends.kafka.consuming.corrupt_records import MAX_RECORDS
from baton.backends.kafka.consuming.offsets import CommittedOffsets, LocalOffsets
from baton.backends.kafka.consuming.records import RawRecord
from baton.backends.kafka.consuming.restarting_consumer import RestartingConsumer
from baton.backends.kafka.producer import Producer
from baton.backends.kafka.topic_admin import TopicAdmin
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.topics import Message, ReceivedMessage

POLL_MS = 1_000
LAST_COMMIT_TIMEOUT_S = 3.0
"""The timeout of the commit before a consumer closes."""

_log = logging.getLogger("baton.kafka")


class KafkaTopics:
    """Implements `Topics`; a topic is created by its first use."""

    def __init__(self, connection: Connection, topic_admin: TopicAdmin, producer: Producer) -> None:
        self._connection = connection
        self._topic_admin = topic_admin
        self._producer = producer
        self._open: set[KafkaTopicConsumer] = set()

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        """Return once Kafka has stored all of `messages`.

        Raises:
            Unavailable: Some of the messages may be stored.
            Unwritable: A message is larger than the topic accepts.
        """
        await self._producer.send(topic, messages)

    async def consume(self, topic: str, *, group: str | None) -> "KafkaTopicConsumer":
        """Consume `topic` as a member of `group`, or alone from the topic's current end on."""
        offsets = LocalOffsets(topic) if group is None else CommittedOffsets(topic, group)
        consumer = KafkaTopicConsumer(
            self._connection, self._topic_admin, offsets, on_close=self._open.discard
        )
        self._open.add(consumer)
        if group is None:  # Kafka knows the present end only now
            await retry_forever(consumer.start, f"consuming {topic}")
        return consumer

    async def close(self) -> None:
        """Close every consumer; the messages that `next` returned last stay unacknowledged."""
        await asyncio.gather(*(consumer.close() for consumer in list(self._open)))


class KafkaTopicConsumer:
    """Implements `TopicConsumer`; it restarts after a failure."""

    def __init__(
        self,
        connection: Connection,
        topic_admin: TopicAdmin,
        offsets: CommittedOffsets | LocalOffsets,
        *,
        on_close: "Callable[[KafkaTopicConsumer], object]",
    ) -> None:
        """Describe the consumer; nothing connects yet.

        Args:
            connection: The cluster.
            topic_admin: Creates the topic before each start.
            offsets: Topic, group and position; owned by the consumer.
            on_close: Called with the consumer, on the event loop, when `close` begins.
        """
        self._connection = connection
        self._offsets = offsets
        self._on_close = on_close
        self._doing = f"consuming {offsets.topic}"
        self._consumer = RestartingConsumer(
            topic_admin,
            offsets.topic,
            connect=self._connect,
            poll_ms=POLL_MS,
            max_records=MAX_RECORDS,
        )

    async def start(self) -> AIOKafkaConsumer:
        """Return the client, a new one if there is none; raises `Unavailable`."""
        return await self._consumer.start()

    async def next(
        self, *, unfinished: Collection[ReceivedMessage] = ()
    ) -> Sequence[ReceivedMessage]:
        """Acknowledge the messages returned before, then wait for and return the next ones.

        Raises:
            Unavailable: The consumer is closed.
        """
        while not self._consumer.closed:
            messages = await retry_forever(partial(self._poll, unfinished), self._doing)
            if messages:
                return messages
        raise Unavailable(f"Kafka: the consumer of {self._offsets.topic} is closed")

    async def close(self, *, unfinished: Collection[ReceivedMessage] | None = None) -> None:
        """Leave the group, if any.

        Args:
            unfinished: None leaves the messages returned last unacknowledged; otherwise all of them
                except these are acknowledged.
        """
        self._on_close(self)
        if unfinished is None:
            await self._consumer.close()
        else:
            await self._consumer.close(partial(self._commit_last, unfinished))

    async def _connect(self) -> AIOKafkaConsumer:
        client = self._connection.consumer(group=self._offsets.group)
        await self._offsets.start(client)
        return client

    async def _poll(self, unfinished: Collection[ReceivedMessage]) -> Sequence[ReceivedMessage]:
        if self._consumer.closed:
            return ()
        async with self._consumer.use() as client:
            await self._offsets.acknowledge(client, unfinished)
            fetched = await self._consumer.poll(client)
        self._offsets.in_flight.add(fetched)
        return [_received(record) for records in fetched.values() for record in records]

    async def _commit_last(
        self, unfinished: Collection[ReceivedMessage], client: AIOKafkaConsumer
    ) -> None:
        try:
            async with asyncio.timeout(LAST_COMMIT_TIMEOUT_S):
                await self._offsets.acknowledge(client, unfinished)
        except CLIENT_ERRORS as error:
            _log.warning("%s: finished messages will be redelivered: %r", self._doing, error)


def _received(record: RawRecord) -> ReceivedMessage:
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
