"""Gets past messages that the library can't take apart, such as a header's name that is no UTF-8.

It raises on them again and again, and forgets then what it had of other partitions. So after such
an error a new consumer takes each partition by itself, and there message by message. In the place
of a damaged one comes a message without anything. The rest of its batch is lost with it: who sent
such a thing sent them together.
"""

import asyncio
import logging

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord, TopicPartition

from baton.backends.kafka.consuming.offsets import Found, Records

DECODE_ERROR = UnicodeError
"""What the library raises."""
LOOK_MS = 200
MAX_MESSAGES = 500
"""What is returned at a time."""

_log = logging.getLogger("baton.kafka")


async def poll_skipping_corrupt(consumer: AIOKafkaConsumer) -> tuple[Found, bool]:
    """Return messages of one partition, none after a while; and whether there are damaged ones.

    When it raises or is cancelled, the consumer has lost its place.
    """
    places = sorted(consumer.assignment())
    if not places:
        await asyncio.sleep(LOOK_MS / 1_000)
    for place in places:
        try:
            found = await consumer.getmany(place, timeout_ms=LOOK_MS, max_records=MAX_MESSAGES)
        except DECODE_ERROR:
            records, damaged = await _one_by_one(consumer, place)
            return {place: records} if records else {}, damaged
        if found:
            return found, False
    return {}, False


async def _one_by_one(consumer: AIOKafkaConsumer, place: TopicPartition) -> tuple[Records, bool]:
    """Return the messages up to the damaged ones, those, and the one behind them."""
    records: list[ConsumerRecord[bytes, bytes]] = []
    damaged = False
    while len(records) < MAX_MESSAGES:
        try:
            found = await consumer.getmany(place, timeout_ms=LOOK_MS, max_records=1)
        except DECODE_ERROR as error:
            offset = await consumer.position(place)
            _log.error("the message at %s/%d@%d is damaged: %s", *place, offset, error)
            consumer.seek(place, offset + 1)
            records.append(_nothing(place, offset))
            damaged = True
            continue
        records += found.get(place, ())
        if damaged or not found:
            break
    return records, damaged


def _nothing(place: TopicPartition, offset: int) -> "ConsumerRecord[bytes, bytes]":
    """Return what stands for a message of which only the place is known."""
    return ConsumerRecord(
        topic=place.topic,
        partition=place.partition,
        offset=offset,
        timestamp=0,
        timestamp_type=0,
        key=None,
        value=None,
        checksum=None,
        serialized_key_size=-1,
        serialized_value_size=-1,
        headers=(),
    )
