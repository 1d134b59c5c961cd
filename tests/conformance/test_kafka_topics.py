"""Topics on Kafka while brokers are killed, paused, restarted and wiped, and members crash."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
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
from tests.kit.eventually import eventually
from tests.servers.kafka import private_broker
from tests.servers.local_kafka import LocalKafka
from tests.servers.proxy import Proxy

WAIT_S = 60.0
SEND_TIMEOUT_S = 2.0
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


class KafkaPorts:
    """The Kafka ports of one process."""

    def __init__(
        self, connection: Connection, prefix: str, *, send_timeout_s: float = SEND_TIMEOUT_S
    ) -> None:
        names = TopicNames(prefix=prefix, records=f"{prefix}records")
        self.topic_admin = TopicAdmin(connection, names)
        self.producer = Producer(connection, self.topic_admin, send_timeout_s=send_timeout_s)
        self.topics = KafkaTopics(connection, self.topic_admin, self.producer)

    async def close(self) -> None:
        await self.topics.close()
        await self.producer.close()


@pytest.fixture
def topic() -> str:
    return f"{uuid4().hex[:8]}.letters"


@pytest.fixture
async def open_ports(broker: LocalKafka) -> AsyncIterator[Callable[[], KafkaPorts]]:
    """Return a function that opens the ports of one more process; the fixture closes them."""
    opened: list[KafkaPorts] = []
    connection = replace(connection_to(broker.url), session_ms=SHORT_SESSION_MS)

    def open_one() -> KafkaPorts:
        opened.append(KafkaPorts(connection, ""))
        return opened[-1]

    yield open_one
    for one in opened:
        await one.close()


@pytest.fixture
def ports(open_ports: Callable[[], KafkaPorts]) -> KafkaPorts:
    return open_ports()


async def send_until_acknowledged(
    ports: KafkaPorts, topic: str, messages: Sequence[Message]
) -> int:
    """Send until the broker acknowledges it; return the number of failures before."""
    attempts = count()

    async def is_acknowledged() -> bool:
        next(attempts)
        await ports.topics.send(topic, messages)
        return True

    await eventually(is_acknowledged, within_s=WAIT_S, every_s=0.1, retry_on=(Unavailable,))
    return next(attempts) - 1


async def restart(broker: LocalKafka, *, wiped: bool = False) -> None:
    broker.kill()
    if wiped:
        broker.wipe()
    broker.launch()
    await eventually(broker.is_ready, within_s=WAIT_S, every_s=0.1)


async def receive_distinct(ports: KafkaPorts, topic: str, count: int) -> list[int]:
    """Receive until `count` distinct numbers have arrived; return all, repeats included."""
    consumer = await ports.topics.consume(topic, group=uuid4().hex)
    found: list[int] = []
    async with asyncio.timeout(WAIT_S):
        while len(set(found)) < count:
            found += numbers(await consumer.next())
    await consumer.close()
    return found


async def test_acknowledged_messages_survive_a_broker_crash(
    broker: LocalKafka, ports: KafkaPorts, topic: str
) -> None:
    sent = 0
    killing = asyncio.ensure_future(asyncio.sleep(0))
    for begin in range(0, 600, 10):
        if begin == 200:
            killing = asyncio.ensure_future(restart(broker))
        await send_until_acknowledged(ports, topic, numbered(10, begin=begin, keys=600))
        sent = begin + 10
    await killing
    assert set(await receive_distinct(ports, topic, sent)) == {*range(600)}


async def test_messages_of_a_key_keep_their_order_over_a_broker_crash(
    broker: LocalKafka, ports: KafkaPorts, topic: str
) -> None:
    killing = asyncio.ensure_future(restart(broker))
    for number in range(300):
        await send_until_acknowledged(ports, topic, numbered(1, begin=number, keys=1))
    await killing

    found = await receive_distinct(ports, topic, 300)
    distinct = [*dict.fromkeys(found)]
    assert distinct == [*range(300)]


async def test_a_send_to_a_killed_broker_fails_in_time_and_a_later_one_succeeds(
    broker: LocalKafka, ports: KafkaPorts, topic: str
) -> None:
    await ports.topics.send(topic, numbered(1))
    broker.kill()
    async with asyncio.timeout(3 * SEND_TIMEOUT_S):
        with pytest.raises(Unavailable):
            await ports.topics.send(topic, numbered(1, begin=1))
    broker.start()
    await send_until_acknowledged(ports, topic, numbered(1, begin=2))
    assert {0, 2} <= set(await receive_distinct(ports, topic, 2))


async def test_a_send_to_a_paused_broker_fails_in_time(
    broker: LocalKafka, ports: KafkaPorts, topic: str
) -> None:
    await ports.topics.send(topic, numbered(1))
    broker.pause()
    try:
        async with asyncio.timeout(3 * SEND_TIMEOUT_S):
            with pytest.raises(Unavailable):
                await ports.topics.send(topic, numbered(1, begin=1))
    finally:
        broker.resume()
    await send_until_acknowledged(ports, topic, numbered(1, begin=2))
    assert {0, 2} <= set(await receive_distinct(ports, topic, 2))


async def test_a_failed_send_does_not_affect_later_ones(
    broker: LocalKafka, ports: KafkaPorts, topic: str
) -> None:
    broker.kill()
    outcomes = await asyncio.gather(
        *(ports.topics.send(topic, numbered(1, begin=number)) for number in range(5)),
        return_exceptions=True,
    )
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    broker.start()
    await send_until_acknowledged(ports, topic, numbered(5))
    assert set(await receive_distinct(ports, topic, 5)) == {*range(5)}


async def test_a_consumer_continues_after_a_broker_restart(
    broker: LocalKafka, ports: KafkaPorts, topic: str
) -> None:
    await ports.topics.send(topic, numbered(5))
    consumer = await ports.topics.consume(topic, group="readers")
    assert len(await receive_at_least(consumer, 5)) == 5
    waiting = asyncio.ensure_future(consumer.next())
    await restart(broker)
    await send_until_acknowledged(ports, topic, numbered(1, begin=5))
    async with asyncio.timeout(WAIT_S):
        found = numbers(await waiting)
        while 5 not in found:
            found += numbers(await consumer.next())
    await consumer.close()


async def test_a_consumer_waits_for_a_broker_that_starts_later(
    broker: LocalKafka, ports: KafkaPorts, topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    broker.kill()
    consumer = await ports.topics.consume(topic, group="readers")
    with caplog.at_level(logging.WARNING, "baton.kafka"):
        waiting = asyncio.ensure_future(consumer.next())
        await eventually(lambda: bool(caplog.records), within_s=WAIT_S)
        assert not waiting.done()
    broker.start()
    await send_until_acknowledged(ports, topic, numbered(1))
    async with asyncio.timeout(WAIT_S):
        assert numbers(await waiting) == [0]
    await consumer.close()


async def test_a_consumer_closes_in_time_while_the_broker_is_paused(
    broker: LocalKafka, ports: KafkaPorts, topic: str
) -> None:
    await ports.topics.send(topic, numbered(5))
    consumer = await ports.topics.consume(topic, group="readers")
    await receive_at_least(consumer, 5)
    broker.pause()
    try:
        async with asyncio.timeout(15):
            await consumer.close(unfinished=())
    finally:
        broker.resume()


async def test_topics_are_created_again_after_the_broker_lost_its_data(
    broker: LocalKafka, ports: KafkaPorts, topic: str
) -> None:
    await ports.topics.send(topic, numbered(5))
    alone = await ports.topics.consume(topic, group=None)
    member = await ports.topics.consume(topic, group="readers")
    await receive_at_least(member, 5)
    waiting = [asyncio.ensure_future(one.next()) for one in (alone, member)]
    await restart(broker, wiped=True)
    fresh = count(100)

    async def both_received() -> bool:
        await send_until_acknowledged(ports, topic, numbered(1, begin=next(fresh)))
        return all(one.done() for one in waiting)

    await eventually(both_received, within_s=WAIT_S, every_s=0.2)
    assert all(min(numbers(one.result())) >= 100 for one in waiting)


@pytest.fixture
async def proxy(broker: LocalKafka) -> AsyncIterator[Proxy]:
    """Yield a proxy that the broker directs its clients to."""
    broker.stop()
    async with Proxy(broker.url) as proxy:
        broker.advertised = urlsplit(proxy.url).port or 0
        broker.start()
        yield proxy
    broker.stop()
    broker.advertised = broker.port


async def test_a_message_whose_acknowledgment_is_lost_is_stored_once(
    broker: LocalKafka, proxy: Proxy, topic: str
) -> None:
    ports = KafkaPorts(connection_to(proxy.url), "", send_timeout_s=WAIT_S)
    await ports.topics.send(topic, numbered(1, keys=1))
    proxy.drop_next("answer", b"the one")
    await ports.topics.send(topic, [Message(value=b"1", key=b"key 0", headers=(("the one", b""),))])
    await ports.topics.send(topic, numbered(1, begin=2, keys=1))
    assert proxy.disturbances == 1
    assert await receive_distinct(ports, topic, 3) == [0, 1, 2]
    await ports.close()


async def test_the_messages_of_a_crashed_member_are_redelivered_to_others(
    ports: KafkaPorts, open_ports: Callable[[], KafkaPorts], topic: str
) -> None:
    await ports.topics.send(topic, numbered(20))
    crashed = await ports.topics.consume(topic, group="readers")
    await receive_at_least(crashed, 20)
    await close_client(await crashed.start(), timeout_s=0)

    remaining = await open_ports().topics.consume(topic, group="readers")
    found: set[int] = set()
    async with asyncio.timeout(WAIT_S):
        while found != {*range(20)}:
            found.update(numbers(await remaining.next()))
    await remaining.close()


async def test_a_message_larger_than_the_topic_accepts_is_unwritable(
    ports: KafkaPorts, topic: str
) -> None:
    with pytest.raises(Unwritable):
        await ports.topics.send(topic, [Message(value=b"x" * 17 * 2**20)])
    await ports.topics.send(topic, numbered(1))


async def test_concurrent_migrations_create_each_topic_once(broker: LocalKafka) -> None:
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


async def test_an_existing_topic_keeps_its_partitions(
    broker: LocalKafka, ports: KafkaPorts, topic: str
) -> None:
    other = TopicNames(prefix=topic.removesuffix("letters"), records="records")
    runs = other.runs
    await TopicAdmin(connection_to(broker.url), other).create((runs,))
    assert await ports.topic_admin.create((runs,)) == []
    await ports.topics.send(runs, [Message(value=b"%d" % n, key=b"%d" % n) for n in range(200)])

    consumer = await ports.topics.consume(runs, group="readers")
    found = await receive_at_least(consumer, 200)
    await consumer.close()
    assert {one.partition for one in found} == {*range(RUNS_PARTITIONS)}
    assert all(partition_of(one.message.key or b"", 12) == one.partition for one in found)


async def test_a_migration_without_a_broker_raises_unavailable(broker: LocalKafka) -> None:
    broker.kill()
    with pytest.raises(Unavailable):
        await TRANSPORT.migrate(TransportLocation(url=broker.url))


@pytest.mark.parametrize("url", ["kafka://", "http://127.0.0.1:9092", "kafka://a,,b"])
def test_an_invalid_address_is_refused(url: str) -> None:
    with pytest.raises(Unavailable):
        connection_to(url)


def test_an_address_lists_brokers_with_optional_ports() -> None:
    found = connection_to("kafka://one,two:9093,[::1]:9094/")
    assert found.servers == ("one:9092", "two:9093", "[::1]:9094")


def test_partitions_of_keys_match_those_of_librdkafka() -> None:
    assert [partition_of(key, 12) for key in (b"", b"a", b"acme/run/1")] == [0, 3, 6]


def test_repeated_library_log_lines_are_throttled() -> None:
    throttle = ThrottleFilter()

    def passes(text: str, node: str) -> bool:
        record = logging.LogRecord("aiokafka", logging.ERROR, "", 1, text, (node,), None)
        return throttle.filter(record)

    assert [passes("no answer from %s", node) for node in "aab"] == [
        True,
        False,
        False,
    ]
    assert passes("something else about %s", "a")
