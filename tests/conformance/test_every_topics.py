"""Every implementation of topics: delivery, order, groups and acknowledgment."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from itertools import count, pairwise
from pathlib import Path

import pytest

from baton.eventlog.ports.topics import Message, ReceivedMessage, TopicConsumer, Topics
from tests.conformance.deployments import topic_openers
from tests.kit.eventually import eventually
from tests.servers.kafka import topic_prefix_for

WAIT_S = 30.0


@pytest.fixture(params=sorted(topic_openers()))
async def topics(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Topics]:
    stores = await topic_openers()[str(request.param)](tmp_path)
    assert stores.topics
    yield stores.topics
    await stores.close()


@pytest.fixture
def topic(tmp_path: Path) -> str:
    return f"{topic_prefix_for(tmp_path)}letters"


def numbered(count: int, *, keys: int = 7, begin: int = 0) -> list[Message]:
    return [
        Message(value=b"%d" % number, key=b"key %d" % (number % keys))
        for number in range(begin, begin + count)
    ]


def numbers(delivered: Sequence[ReceivedMessage]) -> list[int]:
    return [int(one.message.value or b"-1") for one in delivered]


async def receive_at_least(consumer: TopicConsumer, count: int) -> list[ReceivedMessage]:
    """Receive until there are `count` messages, without acknowledging the last ones."""
    found: list[ReceivedMessage] = []
    async with asyncio.timeout(WAIT_S):
        while len(found) < count:
            found += await consumer.next()
    return found


async def acknowledge_last(consumer: TopicConsumer) -> None:
    """Acknowledge the messages that were returned last, by a call that is then cancelled."""
    async with asyncio.timeout(WAIT_S):
        waiting = asyncio.ensure_future(consumer.next())
        await asyncio.wait((waiting,), timeout=1)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting


async def test_a_message_arrives_unchanged(topics: Topics, topic: str) -> None:
    sent = [
        Message(value=b"value", key=b"key", headers=(("a", b"1"), ("b", b""), ("a", b"2"))),
        Message(value=b"", key=b""),
        Message(value=b"\x00\xff"),
        Message(value=None, key=b"gone"),
        Message(value=None),
        Message(value=b"x" * 2_000_000, key=b"large"),
    ]
    await topics.send(topic, sent)

    consumer = await topics.consume(topic, group="readers")
    found = await receive_at_least(consumer, len(sent))
    await consumer.close()

    assert {one.message for one in found} == set(sent)
    assert len(found) == len(sent)
    assert {one.topic for one in found} == {topic}


async def test_a_message_has_a_unique_position_and_a_time(topics: Topics, topic: str) -> None:
    await topics.send(topic, numbered(50))

    consumer = await topics.consume(topic, group="readers")
    found = await receive_at_least(consumer, 50)
    await consumer.close()

    assert len({one.position for one in found}) == 50
    first = found[0]
    assert first.position == f"{topic}/{first.partition}@{first.offset}"
    assert all(one.at > 1_700_000_000_000 for one in found)


async def test_messages_of_a_key_stay_in_order(topics: Topics, topic: str) -> None:
    for begin in range(0, 3_000, 1_000):
        await topics.send(topic, numbered(1_000, keys=11, begin=begin))

    consumer = await topics.consume(topic, group="readers")
    found = await receive_at_least(consumer, 3_000)
    await consumer.close()

    by_key: dict[bytes | None, list[int]] = {}
    for one in found:
        by_key.setdefault(one.message.key, []).extend(numbers((one,)))
    assert len(by_key) == 11
    assert all(a < b for order in by_key.values() for a, b in pairwise(order))


async def test_messages_of_a_key_share_a_partition_and_keyless_ones_are_spread(
    topics: Topics, topic: str
) -> None:
    await topics.send(topic, [Message(value=b"%d" % n, key=b"same") for n in range(20)])
    await topics.send(topic, [Message(value=b"%d" % n) for n in range(20, 60)])

    consumer = await topics.consume(topic, group="readers")
    found = await receive_at_least(consumer, 60)
    await consumer.close()

    assert len({one.partition for one in found if one.message.key}) == 1
    assert len({one.partition for one in found if one.message.key is None}) > 1


async def test_sending_no_messages_does_nothing(topics: Topics, topic: str) -> None:
    await topics.send(topic, ())
    await topics.send(topic, numbered(1))

    consumer = await topics.consume(topic, group="readers")
    assert numbers(await receive_at_least(consumer, 1)) == [0]
    await consumer.close()


async def test_a_message_wakes_a_waiting_consumer(topics: Topics, topic: str) -> None:
    consumer = await topics.consume(topic, group="readers")
    waiting = asyncio.ensure_future(receive_at_least(consumer, 3))
    await asyncio.sleep(0)
    await topics.send(topic, numbered(3))
    assert sorted(numbers(await waiting)) == [0, 1, 2]
    await consumer.close()


async def test_each_group_receives_all_messages(topics: Topics, topic: str) -> None:
    await topics.send(topic, numbered(10))
    for group in ("one", "another"):
        consumer = await topics.consume(topic, group=group)
        assert sorted(numbers(await receive_at_least(consumer, 10))) == [*range(10)]
        await consumer.close()


async def test_the_members_of_a_group_divide_the_messages(topics: Topics, topic: str) -> None:
    members = [await topics.consume(topic, group="readers") for _ in range(2)]
    seen: list[set[int]] = [set(), set()]

    async def receive(member: TopicConsumer, its: set[int]) -> None:
        while True:
            its.update(numbers(await member.next()))

    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
        receiving = [group.create_task(receive(*pair)) for pair in zip(members, seen, strict=True)]
        begins = count(step=50)

        async def both_receive_everything() -> bool:
            begin = next(begins)
            complete = all(seen) and seen[0] | seen[1] == {*range(begin)}
            if not complete:
                await topics.send(topic, numbered(50, keys=50, begin=begin))
            return complete

        await eventually(both_receive_everything, within_s=WAIT_S, every_s=0.1)
        for task in receiving:
            task.cancel()
    for member in members:
        await member.close()


async def test_acknowledged_messages_are_not_delivered_again(topics: Topics, topic: str) -> None:
    await topics.send(topic, numbered(10))
    consumer = await topics.consume(topic, group="readers")
    await receive_at_least(consumer, 10)
    await acknowledge_last(consumer)
    await consumer.close()

    await topics.send(topic, numbered(1, begin=10))
    consumer = await topics.consume(topic, group="readers")
    assert numbers(await receive_at_least(consumer, 1)) == [10]
    await consumer.close()


async def test_unacknowledged_messages_are_delivered_again(topics: Topics, topic: str) -> None:
    await topics.send(topic, numbered(10))
    consumer = await topics.consume(topic, group="readers")
    await receive_at_least(consumer, 10)
    await consumer.close()

    consumer = await topics.consume(topic, group="readers")
    again = numbers(await receive_at_least(consumer, 1))
    await consumer.close()
    assert again
    assert set(again) <= {*range(10)}


async def test_closing_acknowledges_all_but_the_unfinished_messages(
    topics: Topics, topic: str
) -> None:
    await topics.send(topic, numbered(10, keys=1))
    consumer = await topics.consume(topic, group="readers")
    found = await receive_at_least(consumer, 10)
    await consumer.close(unfinished=[found[6]])

    consumer = await topics.consume(topic, group="readers")
    assert numbers(await receive_at_least(consumer, 4)) == [6, 7, 8, 9]
    await consumer.close(unfinished=())

    await topics.send(topic, numbered(1, begin=10))
    consumer = await topics.consume(topic, group="readers")
    assert numbers(await receive_at_least(consumer, 1)) == [10]
    await consumer.close()


async def test_an_unfinished_message_does_not_block_later_ones(topics: Topics, topic: str) -> None:
    consumer = await topics.consume(topic, group="readers")
    await topics.send(topic, numbered(1, keys=1))
    (slow,) = await receive_at_least(consumer, 1)
    for number in range(1, 4):
        await topics.send(topic, numbered(1, keys=1, begin=number))
        async with asyncio.timeout(WAIT_S):
            assert numbers(await consumer.next(unfinished=(slow,))) == [number]
    await consumer.close(unfinished=(slow,))

    consumer = await topics.consume(topic, group="readers")
    assert numbers(await receive_at_least(consumer, 4)) == [0, 1, 2, 3]
    await consumer.close()


async def test_every_consumer_without_a_group_receives_all_later_messages(
    topics: Topics, topic: str
) -> None:
    await topics.send(topic, numbered(5))
    alone = [await topics.consume(topic, group=None) for _ in range(2)]
    await topics.send(topic, numbered(5, begin=5))
    for consumer in alone:
        assert sorted(numbers(await receive_at_least(consumer, 5))) == [5, 6, 7, 8, 9]
        await consumer.close()


async def test_a_cancelled_call_loses_no_message(topics: Topics, topic: str) -> None:
    consumer = await topics.consume(topic, group="readers")
    found: list[int] = []
    async with asyncio.timeout(WAIT_S):
        for number in range(20):
            await topics.send(topic, numbered(1, begin=number))
            calling = asyncio.ensure_future(consumer.next())
            for _ in range(number):
                await asyncio.sleep(0.001)
            calling.cancel()
            with suppress(asyncio.CancelledError):
                found += numbers(await calling)
        while set(found) != {*range(20)}:
            found += numbers(await consumer.next())
    await consumer.close()


async def test_unacknowledged_messages_of_a_member_that_left_go_to_the_others(
    topics: Topics, topic: str
) -> None:
    leaving = await topics.consume(topic, group="readers")
    await topics.send(topic, numbered(10))
    await receive_at_least(leaving, 10)
    staying = await topics.consume(topic, group="readers")
    found: set[int] = set()
    async with asyncio.timeout(WAIT_S):
        waiting = asyncio.ensure_future(staying.next())
        await leaving.close()
        found.update(numbers(await waiting))
        while found != {*range(10)}:
            found.update(numbers(await staying.next()))
    await staying.close()
