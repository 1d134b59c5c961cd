"""Sends messages in batches, one at a time per partition, which keeps messages of a key in order.

aiokafka's idempotent producer retries a batch for as long as the broker is away, and some errors
leave it unusable. So every send has a timeout, and a failed send discards the client together with
its unsent batches: the next send creates a client with a new producer id.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder

from baton.backends.kafka.client_lifecycle import close_client, start_client
from baton.backends.kafka.connection import Connection, as_unavailable
from baton.backends.kafka.names import partition_of
from baton.backends.kafka.topic_admin import TopicAdmin
from baton.eventlog.errors import Unavailable, Unwritable
from baton.eventlog.ports.topics import Message

SEND_TIMEOUT_S = 10.0

_log = logging.getLogger("baton.kafka")


class Producer:
    """Owns the process's aiokafka producer, which connects with the first send."""

    def __init__(
        self,
        connection: Connection,
        topic_admin: TopicAdmin,
        *,
        send_timeout_s: float = SEND_TIMEOUT_S,
    ) -> None:
        self._send_timeout_s = send_timeout_s
        self._connection = connection
        self._topic_admin = topic_admin
        self._client: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()
        self._round_robin = count()
        self._closed = False

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        """Return once every in-sync replica has all of `messages`.

        Raises:
            Unavailable: Some of the messages may be stored.
            Unwritable: A message is larger than the topic accepts.
        """
        if not messages:
            return
        client: AIOKafkaProducer | None = None
        try:
            with as_unavailable():
                async with asyncio.timeout(self._send_timeout_s):
                    await self._topic_admin.ensure(topic)
                    client = await self._start()
                    await self._send(client, topic, messages)
        except Exception as error:
            if client is not None:
                self._discard(client)
            self._topic_admin.forget(topic)
            if isinstance(error.__cause__, MessageSizeTooLargeError):
                raise Unwritable(f"a message is larger than {topic} accepts") from error
            raise

    async def _send(
        self, client: AIOKafkaProducer, topic: str, messages: Sequence[Message]
    ) -> None:
        partitions = len(await client.partitions_for(topic))
        by_partition = self._by_partition(messages, partitions)
        results = await asyncio.gather(
            *(_send_in_order(client, topic, number, its) for number, its in by_partition.items()),
            return_exceptions=True,
        )
        for error in results:
            if error is not None:
                raise error

    def _by_partition(
        self, messages: Iterable[Message], partitions: int
    ) -> Mapping[int, Sequence[Message]]:
        """Group messages by the partition of their key, without a key by each partition in turn."""
        by_partition: dict[int, list[Message]] = {}
        for message in messages:
            if message.key is None:
                partition = next(self._round_robin) % partitions
            else:
                partition = partition_of(message.key, partitions)
            by_partition.setdefault(partition, []).append(message)
        return by_partition

    async def _start(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._closed:
                raise Unavailable("Kafka: the producer is closed")
            if self._client is None:
                client = self._connection.producer()
                await start_client(client)
                self._client = client
            return self._client

    def _discard(self, failed: AIOKafkaProducer) -> None:
        """Abort the failed client in the background, unless a concurrent send already has."""
        if self._client is failed:
            _log.warning("sending failed: the next send uses a new producer")
            self._client = None
            task = asyncio.ensure_future(close_client(failed, timeout_s=0))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close the client; later sends raise `Unavailable`."""
        self._closed = True
        client, self._client = self._client, None
        if client is not None:
            await close_client(client)
        await asyncio.gather(*self._closing)


async def _send_in_order(
    client: AIOKafkaProducer, topic: str, partition: int, messages: Sequence[Message]
) -> None:
    """Send batch after batch: a message is stored only if all messages before it are."""
    for batch in _batches(client, messages):
        await (await client.send_batch(batch, topic, partition=partition))


def _batches(client: AIOKafkaProducer, messages: Sequence[Message]) -> Iterator[BatchBuilder]:
    batch = client.create_batch()
    for message in messages:
        if not _append(batch, message):
            batch.close()
            yield batch
            batch = client.create_batch()
            _append(batch, message)
    batch.close()
    yield batch


def _append(batch: BatchBuilder, message: Message) -> bool:
    """Append the message and return True; return False if the batch is full and not empty."""
    appended = batch.append(
        timestamp=None, key=message.key, value=message.value, headers=list(message.headers)
    )
    return appended is not None
