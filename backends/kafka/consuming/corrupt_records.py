"""Polling past records that aiokafka can't decode, such as a record whose header name isn't UTF-8.

aiokafka raises on such a record again and again, and drops fetched records of other partitions.
After the error a new client therefore polls one partition at a time, and the partition with the
corrupt record one record at a time. A placeholder without key, value and headers replaces a corrupt
record. The rest of its batch is lost too, but one producer wrote all of that batch.
"""

import asyncio
import logging

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord, TopicPartition

from baton.backends.kafka.consuming.records import RawRecord, Records, RecordsByPartition

DECODE_ERROR = UnicodeError
"""The error that aiokafka raises for a corrupt record."""
POLL_MS = 200
MAX_RECORDS = 500
"""The number of records of one poll."""

_log = logging.getLogger("baton.kafka")


async def poll_skipping_corrupt(client: AIOKafkaConsumer) -> tuple[RecordsByPartition, bool]:
    """Poll one partition; return its records, if any, and whether some were corrupt.

    If it raises or is cancelled, the client's position may be behind records that weren't returned:
    the caller replaces the client.
    """
    partitions = sorted(client.assignment())
    if not partitions:
        await asyncio.sleep(POLL_MS / 1_000)
    for partition in partitions:
        try:
            fetched = await client.getmany(partition, timeout_ms=POLL_MS, max_records=MAX_RECORDS)
        except DECODE_ERROR:
            records, corrupt = await _poll_one_by_one(client, partition)
            return {partition: records} if records else {}, corrupt
        if fetched:
            return fetched, False
    return {}, False


async def _poll_one_by_one(
    client: AIOKafkaConsumer, partition: TopicPartition
) -> tuple[Records, bool]:
    """Poll until one record after the first run of corrupt ones, or `MAX_RECORDS`."""
    records: list[RawRecord] = []
    corrupt = False
    while len(records) < MAX_RECORDS:
        try:
            polled = await client.getmany(partition, timeout_ms=POLL_MS, max_records=1)
        except DECODE_ERROR as error:
            offset = await client.position(partition)
            _log.error("the record at %s/%d@%d is corrupt: %s", *partition, offset, error)
            client.seek(partition, offset + 1)
            records.append(_placeholder(partition, offset))
            corrupt = True
            continue
        records += polled.get(partition, ())
        if corrupt or not polled:
            break
    return records, corrupt


def _placeholder(partition: TopicPartition, offset: int) -> RawRecord:
    """Return an empty record in place of a corrupt one."""
    return ConsumerRecord(
        topic=partition.topic,
        partition=partition.partition,
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
