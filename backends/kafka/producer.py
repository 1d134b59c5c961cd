"""Sends messages in batches, one under way per partition, so that those of a key keep their order.

aiokafka's idempotent producer never gives a batch up while the broker is away, and is of no use any
more after some errors. So every sending has an end of its own, and after one that failed the
producer is let go with all it still held: a new one begins with a new sequence.
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

SEND_S = 10.0

_log = logging.getLogger("baton.kafka")


class Producer:
    """One process's way of sending; it connects when there is something to send."""

    def __init__(
        self, connection: Connection, topic_admin: TopicAdmin, *, send_s: float = SEND_S
    ) -> None:
        """`send_s` is how long a sending may take."""
        self._send_s = send_s
        self._connection = connection
        self._topic_admin = topic_admin
        self._inner: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._ending: set[asyncio.Task[None]] = set()
        self._turns = count()
        self._closed = False

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        """Return once every in-sync replica has all of `messages`.

        Raises `Unavailable`, and then some of them may be kept; `Unwritable` for one that is larger
        than the topic takes.
        """
        if not messages:
            return
        inner: AIOKafkaProducer | None = None
        try:
            with as_unavailable():
                async with asyncio.timeout(self._send_s):
                    await self._topic_admin.ensure(topic)
                    inner = await self._started()
                    await self._send(inner, topic, messages)
        except Exception as error:
            if inner is not None:
                self._drop(inner)
            self._topic_admin.forget(topic)
            if isinstance(error.__cause__, MessageSizeTooLargeError):
                raise Unwritable(f"a message is larger than {topic} takes") from error
            raise

    async def _send(self, inner: AIOKafkaProducer, topic: str, messages: Sequence[Message]) -> None:
        partitions = len(await inner.partitions_for(topic))
        shared_out = self._shared_out(messages, partitions)
        sent = await asyncio.gather(
            *(_send_in_order(inner, topic, number, its) for number, its in shared_out.items()),
            return_exceptions=True,
        )
        for one in sent:
            if one is not None:
                raise one

    def _shared_out(
        self, messages: Iterable[Message], partitions: int
    ) -> Mapping[int, Sequence[Message]]:
        found: dict[int, list[Message]] = {}
        for message in messages:
            if message.key is None:
                partition = next(self._turns) % partitions
            else:
                partition = partition_of(message.key, partitions)
            found.setdefault(partition, []).append(message)
        return found

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._closed:
                raise Unavailable("Kafka: the producer is closed")
            if self._inner is None:
                fresh = self._connection.producer()
                await start_client(fresh)
                self._inner = fresh
            return self._inner

    def _drop(self, failed: AIOKafkaProducer) -> None:
        if self._inner is failed:
            _log.warning("sending failed: going on with a new producer")
            self._inner = None
            self._end(failed)

    def _end(self, failed: AIOKafkaProducer) -> None:
        task = asyncio.ensure_future(close_client(failed, timeout_s=0))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Send nothing more."""
        self._closed = True
        inner, self._inner = self._inner, None
        if inner is not None:
            await close_client(inner)
        await asyncio.gather(*self._ending)


async def _send_in_order(
    inner: AIOKafkaProducer, topic: str, partition: int, messages: Sequence[Message]
) -> None:
    """Send a batch when the one before is kept: no later message is without an earlier one."""
    for batch in _batches(inner, messages):
        await (await inner.send_batch(batch, topic, partition=partition))


def _batches(inner: AIOKafkaProducer, messages: Sequence[Message]) -> Iterator[BatchBuilder]:
    batch = inner.create_batch()
    for message in messages:
        if not _fits(batch, message):
            batch.close()
            yield batch
            batch = inner.create_batch()
            _fits(batch, message)
    batch.close()
    yield batch


def _fits(batch: BatchBuilder, message: Message) -> bool:
    """Put the message into the batch, whose first one may be of any size."""
    appended = batch.append(
        timestamp=None, key=message.key, value=message.value, headers=list(message.headers)
    )
    return appended is not None
