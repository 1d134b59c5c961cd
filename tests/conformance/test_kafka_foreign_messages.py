"""Messages of other producers: compressed ones, and corrupt ones that Baton never writes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.producer import message_accumulator
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from baton.eventlog.ports.topics import Message, Topics
from tests.conformance.deployments import topic_openers
from tests.conformance.test_every_topics import (
    acknowledge_last,
    numbered,
    numbers,
    receive_at_least,
)
from tests.servers.kafka import server_url, topic_prefix_for


@pytest.fixture
async def topics(tmp_path: Path) -> AsyncIterator[Topics]:
    stores = await topic_openers()["kafka"](tmp_path)
    assert stores.topics
    yield stores.topics
    await stores.close()


@pytest.fixture
def topic(tmp_path: Path) -> str:
    return f"{topic_prefix_for(tmp_path)}letters"


class InvalidHeaderName(str):
    """A header name that is encoded to invalid UTF-8."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"\xff\xfe"


@pytest.fixture
def permissive_producer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write batches by aiokafka's Python code, which accepts any header."""
    monkeypatch.setattr(
        message_accumulator, "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy
    )


def corrupt(key: bytes) -> Message:
    return Message(value=b"corrupt", key=key, headers=((InvalidHeaderName("name"), b"value"),))


@pytest.mark.parametrize("compression", ["gzip", "lz4", "snappy", "zstd"])
async def test_compressed_messages_are_read(topics: Topics, topic: str, compression: str) -> None:
    await topics.send(topic, numbered(1))
    async with AIOKafkaProducer(
        bootstrap_servers=server_url().removeprefix("kafka://"), compression_type=compression
    ) as other:
        await asyncio.gather(
            *(other.send_and_wait(topic, b"%d" % number) for number in range(1, 50))
        )

    consumer = await topics.consume(topic, group="readers")
    assert sorted(numbers(await receive_at_least(consumer, 50))) == [*range(50)]
    await consumer.close()


@pytest.mark.parametrize("group", ["readers", None])
@pytest.mark.usefixtures("permissive_producer")
async def test_a_corrupt_message_is_delivered_empty_and_does_not_block_others(
    topics: Topics, topic: str, group: str | None
) -> None:
    consumer = await topics.consume(topic, group=group)
    await topics.send(topic, numbered(60))
    for key in (b"key 3", b"key 5"):
        await topics.send(topic, [corrupt(key)])
    await topics.send(topic, numbered(60, begin=60))

    found = {one.position: one for one in await receive_at_least(consumer, 122)}
    while len(found) < 122:
        found |= {one.position: one for one in await receive_at_least(consumer, 1)}
    empty = [one for one in found.values() if one.message.value is None]
    assert {*numbers([*found.values()])} == {*range(120), -1}
    assert [one.message for one in empty] == [Message(value=None)] * 2
    await consumer.close()


@pytest.mark.usefixtures("permissive_producer")
async def test_a_corrupt_message_can_be_acknowledged(topics: Topics, topic: str) -> None:
    await topics.send(topic, [corrupt(b"key 0")])
    consumer = await topics.consume(topic, group="readers")
    (found,) = await receive_at_least(consumer, 1)
    assert found.message == Message(value=None)
    await acknowledge_last(consumer)
    await consumer.close()

    await topics.send(topic, numbered(1))
    consumer = await topics.consume(topic, group="readers")
    assert numbers(await receive_at_least(consumer, 1)) == [0]
    await consumer.close()


@pytest.mark.usefixtures("permissive_producer")
async def test_the_rest_of_a_corrupt_batch_is_skipped(topics: Topics, topic: str) -> None:
    await topics.send(topic, [*numbered(3, keys=1), corrupt(b"key 0"), *numbered(3, keys=1)])
    await topics.send(topic, numbered(1, begin=9, keys=1))

    consumer = await topics.consume(topic, group="readers")
    found = await receive_at_least(consumer, 8)
    assert numbers(found) == [0, 1, 2, -1, -1, -1, -1, 9]
    assert [one.offset for one in found] == [*range(8)]
    await consumer.close()
