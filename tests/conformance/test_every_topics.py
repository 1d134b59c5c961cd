"""What everything that carries messages must do."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from baton.eventlog.ports.topics import Message, ReceivedMessage, TopicConsumer, Topics
from tests.conformance.deployments import topic_openers
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


async def taken(consumption: TopicConsumer, count: int) -> list[ReceivedMessage]:
    """Receive until there are `count` messages, without saying that the last ones are handled."""
    found: list[ReceivedMessage] = []
    async with asyncio.timeout(WAIT_S):
        while len(found) < count:
            found += await consumption.next()
    return found


async def handle_last(consumption: TopicConsumer) -> None:
    """Say that what was returned last is handled, by a call that is then given up."""
    async with asyncio.timeout(WAIT_S):
        waiting = asyncio.ensure_future(consumption.next())
        await asyncio.wait((waiting,), timeout=1)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting


async def test_a_message_arrives_as_it_was_sent(topics: Topics, topic: str) -> None:
    sent = [
        Message(value=b"value", key=b"key", headers=(("a", b"1"), ("b", b""), ("a", b"2"))),
        Message(value=b"", key=b""),
        Message(value=b"\x00\xff"),
        Message(value=None, key=b"gone"),
        Message(value=None),
        Message(value=b"x" * 2_000_000, key=b"large"),
    ]
    await topics.send(topic, sent)

    consumption = await topics.consume(topic, group="readers")
    found = await taken(consumption, len(sent))
    await consumption.close()

    assert {one.message for one in found} == set(sent)
    assert len(found) == len(sent)
    assert {one.topic for one in found} == {topic}


async def test_a_message_has_a_place_of_its_own_and_a_time(topics: Topics, topic: str) -> None:
    await topics.send(topic, numbered(50))

    consumption = await topics.consume(topic, group="readers")
    found = await taken(consumption, 50)
    await consumption.close()

    assert len({one.position for one in found}) == 50
    first = found[0]
    assert first.position == f"{topic}/{first.partition}@{first.offset}"
    assert all(one.at > 1_700_000_000_000 for one in found)


async def test_messages_of_a_key_stay_in_order(topics: Topics, topic: str) -> None:
    for begin in range(0, 3_000, 1_000):
        await topics.send(topic, numbered(1_000, keys=11, begin=begin))

    consumption = await topics.consume(topic, group="readers")
    found = await taken(consumption, 3_000)
    await consumption.close()

    by_key: dict[bytes | None, list[int]] = {}
    for one in found:
        by_key.setdefault(one.message.key, []).extend(numbers((one,)))
    assert len(by_key) == 11
    assert all(a < b for order in by_key.values() for a, b in pairwise(order))


async def test_messages_of_a_key_share_a_partition_and_the_others_are_spread(
    topics: Topics, topic: str
) -> None:
    await topics.send(topic, [Message(value=b"%d" % n, key=b"same") for n in range(20)])
    await topics.send(topic, [Message(value=b"%d" % n) for n in range(20, 60)])

    consumption = await topics.consume(topic, group="readers")
    found = await taken(consumption, 60)
    await consumption.close()

    assert len({one.partition for one in found if one.message.key}) == 1
    assert len({one.partition for one in found if one.message.key is None}) > 1


async def test_sending_nothing_is_nothing(topics: Topics, topic: str) -> None:
    await topics.send(topic, ())
    await topics.send(topic, numbered(1))

    consumption = await topics.consume(topic, group="readers")
    assert numbers(await taken(consumption, 1)) == [0]
    await consumption.close()


async def test_one_that_waits_is_woken(topics: Topics, topic: str) -> None:
    consumption = await topics.consume(topic, group="readers")
    waiting = asyncio.ensure_future(taken(consumption, 3))
    await asyncio.sleep(0)
    await topics.send(topic, numbered(3))
    assert sorted(numbers(await waiting)) == [0, 1, 2]
    await consumption.close()


async def test_groups_do_not_take_from_each_other(topics: Topics, topic: str) -> None:
    await topics.send(topic, numbered(10))
    for group in ("one", "another"):
        consumption = await topics.consume(topic, group=group)
        assert sorted(numbers(await taken(consumption, 10))) == [*range(10)]
        await consumption.close()


async def test_the_members_of_a_group_share_the_messages_out(topics: Topics, topic: str) -> None:
    members = [await topics.consume(topic, group="readers") for _ in range(2)]
    seen: list[set[int]] = [set(), set()]

    async def receive(member: TopicConsumer, its: set[int]) -> None:
        while True:
            its.update(numbers(await member.next()))

    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
        receiving = [group.create_task(receive(*pair)) for pair in zip(members, seen, strict=True)]
        begin = 0
        while not all(seen) or seen[0] | seen[1] != {*range(begin)}:
            await topics.send(topic, numbered(50, keys=50, begin=begin))
            begin += 50
            await asyncio.sleep(0.1)
        for task in receiving:
            task.cancel()
    for member in members:
        await member.close()


async def test_what_is_handled_is_not_given_out_again(topics: Topics, topic: str) -> None:
    await topics.send(topic, numbered(10))
    consumption = await topics.consume(topic, group="readers")
    await taken(consumption, 10)
    await handle_last(consumption)
    await consumption.close()

    await topics.send(topic, numbered(1, begin=10))
    consumption = await topics.consume(topic, group="readers")
    assert numbers(await taken(consumption, 1)) == [10]
    await consumption.close()


async def test_what_is_not_handled_is_given_out_again(topics: Topics, topic: str) -> None:
    await topics.send(topic, numbered(10))
    consumption = await topics.consume(topic, group="readers")
    await taken(consumption, 10)
    await consumption.close()

    consumption = await topics.consume(topic, group="readers")
    again = numbers(await taken(consumption, 1))
    await consumption.close()
    assert again
    assert set(again) <= {*range(10)}


async def test_leaving_tells_what_is_handled(topics: Topics, topic: str) -> None:
    await topics.send(topic, numbered(10, keys=1))
    consumption = await topics.consume(topic, group="readers")
    found = await taken(consumption, 10)
    await consumption.close(unfinished=[found[6]])

    consumption = await topics.consume(topic, group="readers")
    assert numbers(await taken(consumption, 4)) == [6, 7, 8, 9]
    await consumption.close(unfinished=())

    await topics.send(topic, numbered(1, begin=10))
    consumption = await topics.consume(topic, group="readers")
    assert numbers(await taken(consumption, 1)) == [10]
    await consumption.close()


async def test_an_unfinished_message_does_not_hold_up_those_that_follow(
    topics: Topics, topic: str
) -> None:
    consumption = await topics.consume(topic, group="readers")
    await topics.send(topic, numbered(1, keys=1))
    (slow,) = await taken(consumption, 1)
    for number in range(1, 4):
        await topics.send(topic, numbered(1, keys=1, begin=number))
        async with asyncio.timeout(WAIT_S):
            assert numbers(await consumption.next(unfinished=(slow,))) == [number]
    await consumption.close(unfinished=(slow,))

    consumption = await topics.consume(topic, group="readers")
    assert numbers(await taken(consumption, 4)) == [0, 1, 2, 3]
    await consumption.close()


async def test_without_a_group_everybody_gets_what_is_sent_from_then_on(
    topics: Topics, topic: str
) -> None:
    await topics.send(topic, numbered(5))
    alone = [await topics.consume(topic, group=None) for _ in range(2)]
    await topics.send(topic, numbered(5, begin=5))
    for consumption in alone:
        assert sorted(numbers(await taken(consumption, 5))) == [5, 6, 7, 8, 9]
        await consumption.close()


async def test_a_call_that_is_given_up_loses_nothing(topics: Topics, topic: str) -> None:
    consumption = await topics.consume(topic, group="readers")
    found: list[int] = []
    async with asyncio.timeout(WAIT_S):
        for number in range(20):
            await topics.send(topic, numbered(1, begin=number))
            calling = asyncio.ensure_future(consumption.next())
            for _ in range(number):
                await asyncio.sleep(0.001)
            calling.cancel()
            with suppress(asyncio.CancelledError):
                found += numbers(await calling)
        while set(found) != {*range(20)}:
            found += numbers(await consumption.next())
    await consumption.close()


async def test_others_get_what_a_member_that_left_had_not_handled(
    topics: Topics, topic: str
) -> None:
    leaving = await topics.consume(topic, group="readers")
    await topics.send(topic, numbered(10))
    await taken(leaving, 10)
    staying = await topics.consume(topic, group="readers")
    found: set[int] = set()
    async with asyncio.timeout(WAIT_S):
        waiting = asyncio.ensure_future(staying.next())
        await leaving.close()
        found.update(numbers(await waiting))
        while found != {*range(10)}:
            found.update(numbers(await staying.next()))
    await staying.close()
