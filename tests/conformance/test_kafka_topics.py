"""Topics on Kafka: brokers that are killed, held up, restarted and emptied; members that vanish."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from baton.backends.kafka import TRANSPORT
from baton.backends.kafka.client_lifecycle import close_client
from baton.backends.kafka.connection import Connection, connection_to
from baton.backends.kafka.log_throttle import ThrottleFilter
from baton.backends.kafka.names import RUNS_PARTITIONS, TopicNames, partition_of
from baton.backends.kafka.producer import Producer
from baton.backends.kafka.topic_admin import TopicAdmin
from baton.backends.kafka.topics import KafkaTopics
from baton.eventlog.errors import Unavailable, Unwritable
from baton.eventlog.ports.topics import Message
from baton.eventlog.ports.transport import TransportLocation
from tests.conformance.test_every_topics import numbered, numbers, receive_at_least
from tests.servers.kafka import private_broker
from tests.servers.local_kafka import LocalKafka
from tests.servers.proxy import Proxy

WAIT_S = 60.0
SEND_S = 2.0
SHORT_SESSION_MS = 1_000


@pytest.fixture(scope="module")
def brokers() -> Iterator[LocalKafka]:
    broker = private_broker()
    yield broker
    broker.remove()


@pytest.fixture
def broker(brokers: LocalKafka) -> LocalKafka:
    if not brokers.pid:
        brokers.start()
    return brokers


class Baton:
    """One process's way to the broker."""

    def __init__(self, connection: Connection, prefix: str, *, send_s: float = SEND_S) -> None:
        names = TopicNames(prefix=prefix, records=f"{prefix}records")
        self.topic_admin = TopicAdmin(connection, names)
        self.producer = Producer(connection, self.topic_admin, send_timeout_s=send_s)
        self.topics = KafkaTopics(connection, self.topic_admin, self.producer)

    async def close(self) -> None:
        await self.topics.close()
        await self.producer.close()


@pytest.fixture
def topic() -> str:
    return f"{uuid4().hex[:8]}.letters"


@pytest.fixture
async def opens(broker: LocalKafka) -> AsyncIterator[Callable[[], Baton]]:
    """Return what opens a further process's way to the broker."""
    opened: list[Baton] = []
    connection = replace(connection_to(broker.url), session_ms=SHORT_SESSION_MS)

    def open_one() -> Baton:
        opened.append(Baton(connection, ""))
        return opened[-1]

    yield open_one
    for one in opened:
        await one.close()


@pytest.fixture
def baton(opens: Callable[[], Baton]) -> Baton:
    return opens()


async def insisted(baton: Baton, topic: str, messages: Sequence[Message]) -> int:
    """Send until it is acknowledged; return how often it was not."""
    failures = 0
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                await baton.topics.send(topic, messages)
            except Unavailable:
                failures += 1
                await asyncio.sleep(0.1)
            else:
                return failures


async def restarted(broker: LocalKafka, *, wiped: bool = False) -> None:
    broker.kill()
    if wiped:
        broker.wipe()
    broker.launch()
    for _ in iter(broker.is_ready, True):
        await asyncio.sleep(0.1)


async def received(baton: Baton, topic: str, count: int) -> list[int]:
    """Receive until `count` different numbers are there; return all, repeats included."""
    consumption = await baton.topics.consume(topic, group=uuid4().hex)
    found: list[int] = []
    async with asyncio.timeout(WAIT_S):
        while len(set(found)) < count:
            found += numbers(await consumption.next())
    await consumption.close()
    return found


async def test_what_is_acknowledged_survives_the_death_of_the_broker(
    broker: LocalKafka, baton: Baton, topic: str
) -> None:
    sent = 0
    killing = asyncio.ensure_future(asyncio.sleep(0))
    for begin in range(0, 600, 10):
        if begin == 200:
            killing = asyncio.ensure_future(restarted(broker))
        await insisted(baton, topic, numbered(10, begin=begin, keys=600))
        sent = begin + 10
    await killing
    assert set(await received(baton, topic, sent)) == {*range(600)}


async def test_messages_of_a_key_keep_their_order_when_the_broker_dies(
    broker: LocalKafka, baton: Baton, topic: str
) -> None:
    killing = asyncio.ensure_future(restarted(broker))
    for number in range(300):
        await insisted(baton, topic, numbered(1, begin=number, keys=1))
    await killing

    found = await received(baton, topic, 300)
    fresh = [number for place, number in enumerate(found) if number not in found[:place]]
    assert fresh == [*range(300)]


async def test_sending_to_a_broker_that_is_gone_ends_and_works_again_later(
    broker: LocalKafka, baton: Baton, topic: str
) -> None:
    await baton.topics.send(topic, numbered(1))
    broker.kill()
    async with asyncio.timeout(3 * SEND_S):
        with pytest.raises(Unavailable):
            await baton.topics.send(topic, numbered(1, begin=1))
    broker.start()
    await insisted(baton, topic, numbered(1, begin=2))
    assert {0, 2} <= set(await received(baton, topic, 2))


async def test_sending_to_a_broker_that_says_nothing_ends(
    broker: LocalKafka, baton: Baton, topic: str
) -> None:
    await baton.topics.send(topic, numbered(1))
    broker.pause()
    try:
        async with asyncio.timeout(3 * SEND_S):
            with pytest.raises(Unavailable):
                await baton.topics.send(topic, numbered(1, begin=1))
    finally:
        broker.resume()
    await insisted(baton, topic, numbered(1, begin=2))
    assert {0, 2} <= set(await received(baton, topic, 2))


async def test_one_failed_sending_fails_no_later_one(
    broker: LocalKafka, baton: Baton, topic: str
) -> None:
    broker.kill()
    outcomes = await asyncio.gather(
        *(baton.topics.send(topic, numbered(1, begin=number)) for number in range(5)),
        return_exceptions=True,
    )
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    broker.start()
    await insisted(baton, topic, numbered(5))
    assert set(await received(baton, topic, 5)) == {*range(5)}


async def test_a_consumer_goes_on_after_the_broker_is_back(
    broker: LocalKafka, baton: Baton, topic: str
) -> None:
    await baton.topics.send(topic, numbered(5))
    consumption = await baton.topics.consume(topic, group="readers")
    assert len(await receive_at_least(consumption, 5)) == 5
    waiting = asyncio.ensure_future(consumption.next())
    await restarted(broker)
    await insisted(baton, topic, numbered(1, begin=5))
    async with asyncio.timeout(WAIT_S):
        found = numbers(await waiting)
        while 5 not in found:
            found += numbers(await consumption.next())
    await consumption.close()


async def test_a_consumer_waits_for_a_broker_that_is_not_there_yet(
    broker: LocalKafka, baton: Baton, topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    broker.kill()
    consumption = await baton.topics.consume(topic, group="readers")
    with caplog.at_level(logging.WARNING, "baton.kafka"):
        waiting = asyncio.ensure_future(consumption.next())
        async with asyncio.timeout(WAIT_S):
            for _ in iter(lambda: bool(caplog.records), True):
                await asyncio.sleep(0.01)
        assert not waiting.done()
    broker.start()
    await insisted(baton, topic, numbered(1))
    async with asyncio.timeout(WAIT_S):
        assert numbers(await waiting) == [0]
    await consumption.close()


async def test_a_consumer_can_leave_a_broker_that_says_nothing(
    broker: LocalKafka, baton: Baton, topic: str
) -> None:
    await baton.topics.send(topic, numbered(5))
    consumption = await baton.topics.consume(topic, group="readers")
    await receive_at_least(consumption, 5)
    broker.pause()
    try:
        async with asyncio.timeout(15):
            await consumption.close(unfinished=())
    finally:
        broker.resume()


async def test_a_broker_that_lost_its_data_gets_its_topics_again(
    broker: LocalKafka, baton: Baton, topic: str
) -> None:
    await baton.topics.send(topic, numbered(5))
    alone = await baton.topics.consume(topic, group=None)
    member = await baton.topics.consume(topic, group="readers")
    await receive_at_least(member, 5)
    waiting = [asyncio.ensure_future(one.next()) for one in (alone, member)]
    await restarted(broker, wiped=True)
    sent = 100
    async with asyncio.timeout(WAIT_S):
        while not all(one.done() for one in waiting):
            await insisted(baton, topic, numbered(1, begin=sent))
            sent += 1
            await asyncio.sleep(0.2)
    assert all(min(numbers(one.result())) >= 100 for one in waiting)


@pytest.fixture
async def proxy(broker: LocalKafka) -> AsyncIterator[Proxy]:
    """Return what stands between the broker and those who are told of it."""
    broker.stop()
    async with Proxy(broker.url) as proxy:
        broker.advertised = urlsplit(proxy.url).port or 0
        broker.start()
        yield proxy
    broker.stop()
    broker.advertised = broker.port


async def test_a_message_whose_acknowledgement_is_lost_is_kept_once(
    broker: LocalKafka, proxy: Proxy, topic: str
) -> None:
    baton = Baton(connection_to(proxy.url), "", send_s=WAIT_S)
    await baton.topics.send(topic, numbered(1, keys=1))
    proxy.drop_next("answer", b"the one")
    await baton.topics.send(topic, [Message(value=b"1", key=b"key 0", headers=(("the one", b""),))])
    await baton.topics.send(topic, numbered(1, begin=2, keys=1))
    assert proxy.disturbances == 1
    assert await received(baton, topic, 3) == [0, 1, 2]
    await baton.close()


async def test_a_member_that_vanishes_leaves_its_messages_to_the_others(
    baton: Baton, opens: Callable[[], Baton], topic: str
) -> None:
    await baton.topics.send(topic, numbered(20))
    vanishing = await baton.topics.consume(topic, group="readers")
    await receive_at_least(vanishing, 20)
    await close_client(await vanishing.start(), timeout_s=0)

    staying = await opens().topics.consume(topic, group="readers")
    found: set[int] = set()
    async with asyncio.timeout(WAIT_S):
        while found != {*range(20)}:
            found.update(numbers(await staying.next()))
    await staying.close()


async def test_a_message_larger_than_the_topic_takes_is_refused_for_good(
    baton: Baton, topic: str
) -> None:
    with pytest.raises(Unwritable):
        await baton.topics.send(topic, [Message(value=b"x" * 17 * 2**20)])
    await baton.topics.send(topic, numbered(1))


async def test_topics_are_created_once_with_their_partitions(broker: LocalKafka) -> None:
    prefix = f"{uuid4().hex[:8]}."
    route = TransportLocation(url=broker.url, prefix=prefix, records=f"{prefix}records")
    created = await asyncio.gather(*(TRANSPORT.migrate(route) for _ in range(4)))
    expected = [f"{prefix}{name}" for name in ("dlq", "records", "results", "runs")]
    assert sorted(name for names in created for name in names) == expected
    assert await TRANSPORT.migrate(route) == []

    admin = connection_to(broker.url).admin()
    await admin.start()
    described = await admin.describe_topics(expected)
    await admin.close()
    assert {one["topic"]: len(one["partitions"]) for one in described} == {
        name: RUNS_PARTITIONS if name.endswith("runs") else 6 for name in expected
    }


async def test_a_topic_that_exists_is_used_as_it_is(
    broker: LocalKafka, baton: Baton, topic: str
) -> None:
    other = TopicNames(prefix=topic.removesuffix("letters"), records="records")
    runs = other.runs
    await TopicAdmin(connection_to(broker.url), other).create((runs,))
    assert await baton.topic_admin.create((runs,)) == []
    await baton.topics.send(runs, [Message(value=b"%d" % n, key=b"%d" % n) for n in range(200)])

    consumption = await baton.topics.consume(runs, group="readers")
    found = await receive_at_least(consumption, 200)
    await consumption.close()
    assert {one.partition for one in found} == {*range(RUNS_PARTITIONS)}
    assert all(partition_of(one.message.key or b"", 12) == one.partition for one in found)


async def test_migrating_without_a_broker_is_told(broker: LocalKafka) -> None:
    broker.kill()
    with pytest.raises(Unavailable):
        await TRANSPORT.migrate(TransportLocation(url=broker.url))


@pytest.mark.parametrize("url", ["kafka://", "http://127.0.0.1:9092", "kafka://a,,b"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Unavailable):
        connection_to(url)


def test_an_address_names_brokers_and_their_ports() -> None:
    found = connection_to("kafka://one,two:9093,[::1]:9094/")
    assert found == Connection(("one:9092", "two:9093", "[::1]:9094"))


def test_keys_have_the_partitions_that_other_clients_give_them() -> None:
    assert [partition_of(key, 12) for key in (b"", b"a", b"acme/run/1")] == [0, 3, 6]


def test_the_library_says_the_same_once_in_a_while() -> None:
    seldom = ThrottleFilter()

    def passes(text: str, place: str) -> bool:
        record = logging.LogRecord("aiokafka", logging.ERROR, "", 1, text, (place,), None)
        return seldom.filter(record)

    assert [passes("no answer from %s", place) for place in "aab"] == [True, False, False]
    assert passes("something else about %s", "a")
