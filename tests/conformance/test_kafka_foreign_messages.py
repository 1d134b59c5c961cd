"""Messages on Kafka that others sent, in ways that Baton never does."""

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


class NoText(str):
    """A header's name that is no UTF-8."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"\xff\xfe"


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let batches be written by the library's code in Python, which takes any header."""
    monkeypatch.setattr(
        message_accumulator, "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy
    )


def damaged(key: bytes) -> Message:
    return Message(value=b"damaged", key=key, headers=((NoText("name"), b"value"),))


@pytest.mark.parametrize("compression", ["gzip", "lz4", "snappy", "zstd"])
async def test_compressed_messages_are_read(topics: Topics, topic: str, compression: str) -> None:
    await topics.send(topic, numbered(1))
    async with AIOKafkaProducer(
        bootstrap_servers=server_url().removeprefix("kafka://"), compression_type=compression
    ) as other:
        await asyncio.gather(
            *(other.send_and_wait(topic, b"%d" % number) for number in range(1, 50))
        )

    consumption = await topics.consume(topic, group="readers")
    assert sorted(numbers(await receive_at_least(consumption, 50))) == [*range(50)]
    await consumption.close()


@pytest.mark.parametrize("group", ["readers", None])
@pytest.mark.usefixtures("lenient")
async def test_a_damaged_message_is_told_by_its_place_and_holds_up_no_other(
    topics: Topics, topic: str, group: str | None
) -> None:
    consumption = await topics.consume(topic, group=group)
    await topics.send(topic, numbered(60))
    for key in (b"key 3", b"key 5"):
        await topics.send(topic, [damaged(key)])
    await topics.send(topic, numbered(60, begin=60))

    found = {one.position: one for one in await receive_at_least(consumption, 122)}
    while len(found) < 122:
        found |= {one.position: one for one in await receive_at_least(consumption, 1)}
    empty = [one for one in found.values() if one.message.value is None]
    assert {*numbers([*found.values()])} == {*range(120), -1}
    assert [one.message for one in empty] == [Message(value=None)] * 2
    await consumption.close()


@pytest.mark.usefixtures("lenient")
async def test_a_damaged_message_can_be_handled_like_any_other(topics: Topics, topic: str) -> None:
    await topics.send(topic, [damaged(b"key 0")])
    consumption = await topics.consume(topic, group="readers")
    (found,) = await receive_at_least(consumption, 1)
    assert found.message == Message(value=None)
    await acknowledge_last(consumption)
    await consumption.close()

    await topics.send(topic, numbered(1))
    consumption = await topics.consume(topic, group="readers")
    assert numbers(await receive_at_least(consumption, 1)) == [0]
    await consumption.close()


@pytest.mark.usefixtures("lenient")
async def test_what_came_with_a_damaged_message_is_given_up_with_it(
    topics: Topics, topic: str
) -> None:
    await topics.send(topic, [*numbered(3, keys=1), damaged(b"key 0"), *numbered(3, keys=1)])
    await topics.send(topic, numbered(1, begin=9, keys=1))

    consumption = await topics.consume(topic, group="readers")
    found = await receive_at_least(consumption, 8)
    assert numbers(found) == [0, 1, 2, -1, -1, -1, -1, 9]
    assert [one.offset for one in found] == [*range(8)]
    await consumption.close()
