"""Reads the topic of run events with plain aiokafka, as any third-party client does."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.faults.distributed_checkers import Published

WAIT_MS = 1_000


def bootstrap(url: str) -> str:
    """Return host and port of `kafka://host:port`."""
    return urlsplit(url).netloc or url


async def read_runs_topic(url: str, topic: str) -> list[Published]:
    """Return every message of Baton that the topic holds now."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap(url), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        partitions = [
            TopicPartition(topic, number)
            for number in sorted(
                consumer.partitions_for_topic(topic)
                or await _partitions_from_broker(consumer, topic)
            )
        ]
        ends = await consumer.end_offsets(partitions)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        found: list[Published] = []
        while any([await consumer.position(one) < ends[one] for one in partitions]):
            batches = await consumer.getmany(timeout_ms=WAIT_MS)
            for messages in batches.values():
                found += [one for message in messages if (one := _published(message))]
        return found
    finally:
        await consumer.stop()


class Raw(NamedTuple):
    """A message to send; nothing checks its contents."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


async def produce(url: str, topic: str, messages: Sequence[Raw]) -> None:
    """Send messages in order, one at a time."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap(url), acks="all", max_request_size=2**22
    )
    await producer.start()
    try:
        for key, value, headers in messages:
            await producer.send_and_wait(topic, value, key=key, headers=list(headers))
    finally:
        await producer.stop()


async def _partitions_from_broker(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    consumer.subscribe([topic])
    await consumer.getmany(timeout_ms=1)
    found: set[int] = consumer.partitions_for_topic(topic) or set()
    consumer.unsubscribe()
    return found


def _published(message: "object") -> Published | None:
    headers = dict(message.headers)  # type: ignore[attr-defined]
    key = message.key  # type: ignore[attr-defined]
    if key is None or "version" not in headers or not headers["version"].isdigit():
        return None
    partition, offset = message.partition, message.offset  # type: ignore[attr-defined]
    return Published(partition, offset, key.decode(), int(headers["version"]))
