"""The partitioned log on Kafka: unreadable messages, large events, rebalances, broker failures."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.producer import message_accumulator
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from baton.backends.kafka.connection import Connection, connection_to
from baton.backends.kafka.names import RUNS_PARTITIONS
from baton.backends.kafka.runs_topic.partition_owners import KafkaPartitionOwners
from baton.backends.kafka.runs_topic.run_event_codec import MAX_EVENT_BYTES
from baton.backends.memory.event_store import MemoryEventStore
from baton.domain.run.messages.run_events import RunCancelled
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.codec import encode
from baton.eventlog.events.envelope import Stored, Write
from baton.eventlog.ports.topics import ReceivedMessage
from tests.backends.kafka import SESSION_MS, KafkaPartitionedLogUnderTest
from tests.conformance.partitioned_logs import Group, events, streams
from tests.conformance.test_kafka_foreign_messages import InvalidHeaderName
from tests.kit.actors import ANN
from tests.kit.eventually import eventually
from tests.servers.kafka import private_broker, server_url, topic_prefix_for
from tests.servers.local_kafka import LocalKafka

NAMES = streams(40)


@pytest.fixture
def connection() -> Connection:
    return replace(connection_to(server_url()), session_ms=SESSION_MS)


@pytest.fixture
async def kafka(
    connection: Connection, tmp_path: Path
) -> AsyncIterator[KafkaPartitionedLogUnderTest]:
    kafka = KafkaPartitionedLogUnderTest(connection, topic_prefix_for(tmp_path))
    yield kafka
    await kafka.close()


@pytest.fixture
async def group(kafka: KafkaPartitionedLogUnderTest) -> AsyncIterator[Group]:
    group = Group(kafka)
    yield group
    await group.close()


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


@pytest.fixture
async def log(broker: LocalKafka, tmp_path: Path) -> AsyncIterator[KafkaPartitionedLogUnderTest]:
    """Yield a partitioned log on the private broker, which a test may kill."""
    connection = replace(connection_to(broker.url), session_ms=SESSION_MS)
    log = KafkaPartitionedLogUnderTest(connection, topic_prefix_for(tmp_path))
    log.publisher._timeout_s = 2.0
    yield log
    await log.close()


async def publish_until_acknowledged(
    kafka: KafkaPartitionedLogUnderTest, published: Sequence[Stored]
) -> None:
    """Publish with retries, as a relay does."""

    async def is_acknowledged() -> bool:
        await kafka.publish(published)
        return True

    await eventually(is_acknowledged, within_s=60, every_s=0.05, retry_on=(Unavailable,))


HEADERS = [("type", b"run.RunStarted"), ("version", b"1"), ("position", b"1")]
KEY, VALUE = b"acme/run/x", b'{"at":1}'
UNREADABLE: dict[str, tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]] = {
    "empty": (None, None, []),
    "no key": (None, VALUE, HEADERS),
    "no value": (KEY, None, HEADERS),
    "no headers": (KEY, VALUE, []),
    "half the headers": (KEY, VALUE, HEADERS[1:]),
    "no version": (KEY, VALUE, [HEADERS[0], ("version", b"one"), HEADERS[2]]),
    "no position": (KEY, VALUE, [*HEADERS[:2], ("position", b"")]),
    "a key that is not UTF-8": (b"\xff\xfe", VALUE, HEADERS),
    "a key that names no stream": (b"x", VALUE, HEADERS),
    "a stream of another kind": (b"acme/record/x", VALUE, HEADERS),
    "an empty value": (KEY, b"", HEADERS),
    "a value that is not JSON": (KEY, b"{", HEADERS),
    "a value without the event's fields": (KEY, b'{"when":1}', HEADERS),
    "a value of another type": (KEY, b"[1]", HEADERS),
    "an unknown type": (KEY, VALUE, [("type", b"run.Exploded"), *HEADERS[1:]]),
    "a type of another kind": (KEY, VALUE, [("type", b"claim.Claimed"), *HEADERS[1:]]),
    "an omitted event that the store lacks": (KEY, None, [*HEADERS, ("omitted", b"9")]),
}


async def test_unreadable_messages_are_reported_and_stop_nothing(
    connection: Connection, tmp_path: Path
) -> None:
    reported: list[tuple[ReceivedMessage, str]] = []

    async def report(message: ReceivedMessage, reason: str) -> None:
        reported.append((message, reason))

    kafka = KafkaPartitionedLogUnderTest(
        connection, topic_prefix_for(tmp_path), on_unreadable=report
    )
    group = Group(kafka)
    await kafka.publish(events(NAMES, 1))
    producer = connection.producer()
    await producer.start()
    for partition in range(12):
        for key, value, headers in UNREADABLE.values():
            batch = producer.create_batch()
            batch.append(timestamp=None, key=key, value=value, headers=headers)
            sent = await producer.send_batch(batch, kafka.names.runs, partition=partition)
            await sent
    await producer.stop()
    await kafka.publish(events(NAMES, 2))
    follower = await group.join()
    await group.wait_until_seen(events(NAMES, 1, 2))
    await group.close()
    await kafka.close()

    assert {one.stream for one in follower.seen} == set(NAMES)
    assert kafka.reader.unreadable == len(reported) == 12 * len(UNREADABLE)
    messages = [
        (one.message.key, one.message.value, list(one.message.headers)) for one, _ in reported
    ]
    for name, message in UNREADABLE.items():
        assert messages.count(message) == 12, name
    assert all(reason for _, reason in reported)


async def test_corrupt_messages_are_skipped(
    group: Group,
    kafka: KafkaPartitionedLogUnderTest,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await kafka.publish(events(NAMES, 1))
    producer = connection.producer()
    await producer.start()
    monkeypatch.setattr(
        message_accumulator, "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy
    )
    batch = producer.create_batch()
    batch.append(timestamp=None, key=KEY, value=VALUE, headers=[(InvalidHeaderName("name"), b"")])
    await (await producer.send_batch(batch, kafka.names.runs, partition=3))
    await producer.stop()
    await kafka.publish(events(NAMES, 2))
    await group.join()
    await group.wait_until_seen(events(NAMES, 1, 2))
    await kafka.publish(events(NAMES, 3))
    await group.wait_until_seen(events(NAMES, 3))

    assert kafka.reader.unreadable >= 1


async def test_a_message_that_cannot_be_reported_is_skipped(
    connection: Connection, tmp_path: Path
) -> None:
    async def fail(message: ReceivedMessage, reason: str) -> None:
        raise Unavailable(reason)

    kafka = KafkaPartitionedLogUnderTest(connection, topic_prefix_for(tmp_path), on_unreadable=fail)
    group = Group(kafka)
    unreadable = Stored(1, NAMES[0], 1, "run.RunStarted", b"{")
    await publish_until_acknowledged(kafka, [unreadable, *events(NAMES, 2)])
    await group.join()
    await group.wait_until_seen(events(NAMES, 2))
    await group.close()
    await kafka.close()

    assert kafka.reader.unreadable == 1


async def test_an_event_larger_than_a_message_is_read_from_the_store(
    connection: Connection, tmp_path: Path
) -> None:
    store = MemoryEventStore()
    large = RunCancelled(at=2, actor=ANN, reason="x" * 3_000_000)
    small = RunCancelled(at=3, actor=ANN, reason="x" * (MAX_EVENT_BYTES - 500))
    stream = "acme/run/large"
    happened = [RunCancelled(at=1, actor=ANN), large, small]
    await store.append([Write(stream=stream, expected=0, events=happened)])
    kafka = KafkaPartitionedLogUnderTest(connection, topic_prefix_for(tmp_path), store=store)
    group = Group(kafka)
    written = list(await store.read(stream))
    await kafka.publish(
        [
            Stored(one.position, stream, one.version, "run.RunCancelled", encode(one.event))
            for one in written
        ]
        * 2
    )
    follower = await group.join()
    await eventually(lambda: len(follower.seen) == 6)
    await group.close()
    await kafka.close()

    assert follower.seen == written * 2


async def test_a_rebalance_redelivers_no_event_of_kept_partitions(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("baton.backends.kafka.consuming.consumer_group.COMMIT_INTERVAL_S", 600)
    first = await group.join()
    await group.log.publish(events(NAMES, 1, 2))
    await group.wait_until_seen(events(NAMES, 1, 2))
    second = await group.join()
    await group.wait_until_assigned(NAMES, first, second)
    kept = [stream for stream in NAMES if first.owns(stream)]
    await group.log.publish(events(NAMES, 3))
    await group.wait_until_seen(events(kept, 3), first)
    await group.wait_until_seen(events(NAMES, 3))

    assert [gained for gained, _ in first.assignments] == [True, False]
    for stream in kept:
        assert first.versions(stream) == [1, 2, 3]


async def test_an_evicted_member_loses_and_regains_its_partitions(
    group: Group,
) -> None:
    """Another member may have owned the partitions in between."""
    follower = await group.join()
    await eventually(lambda: bool(follower.assignments))
    member = follower.subscription._member  # type: ignore[union-attr]
    await member._consumer.client._coordinator._maybe_leave_group()
    await eventually(lambda: len(follower.assignments) == 3)
    await group.log.publish(events(NAMES, 1))
    await group.wait_until_seen(events(NAMES, 1))

    assert [gained for gained, _ in follower.assignments] == [True, False, True]
    assert follower.unowned == []


async def test_committed_events_are_not_redelivered(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("baton.backends.kafka.consuming.consumer_group.COMMIT_INTERVAL_S", 0.01)
    first = await group.join()
    await group.log.publish(events(NAMES, 1))
    await group.wait_until_seen(events(NAMES, 1))
    member = first.subscription._member  # type: ignore[union-attr]
    await eventually(
        lambda: member._committed and member._committed == member.assignment.next_offsets
    )
    await group.crash(first)
    second = await group.join()
    await group.log.publish(events(NAMES, 2))
    await group.wait_until_seen(events(NAMES, 2), second)

    assert {one.version for one in second.seen} == {2}


async def test_each_group_receives_every_event(
    kafka: KafkaPartitionedLogUnderTest,
) -> None:
    groups = [Group(kafka), Group(kafka)]
    groups[1].name = "auditor"
    for group in groups:
        await group.join()
    await kafka.publish(events(NAMES, 1))
    for group in groups:
        await group.wait_until_seen(events(NAMES, 1))
        await group.close()


async def test_a_follower_waits_for_a_broker_that_starts_later(
    broker: LocalKafka, log: KafkaPartitionedLogUnderTest
) -> None:
    broker.kill()
    group = Group(log)
    follower = await group.join()
    with pytest.raises(Unavailable):
        await log.publish(events(NAMES, 1))
    broker.start()
    await publish_until_acknowledged(log, events(NAMES, 1))
    await group.wait_until_seen(events(NAMES, 1))
    await group.close()

    assert follower.unowned == []


@pytest.mark.parametrize("how", ["crash", "pause"])
async def test_no_event_is_lost_over_a_broker_outage(
    broker: LocalKafka, log: KafkaPartitionedLogUnderTest, how: str
) -> None:
    group = Group(log)
    await group.join()
    await group.join()
    await publish_until_acknowledged(log, events(NAMES, 1))
    await group.wait_until_seen(events(NAMES, 1))
    (broker.kill if how == "crash" else broker.pause)()
    try:
        with pytest.raises(Unavailable):
            await log.publish(events(NAMES, 2))
        await asyncio.sleep(0.5)
    finally:
        (broker.start if how == "crash" else broker.resume)()
    await publish_until_acknowledged(log, events(NAMES, 2, 3))
    await group.wait_until_seen(events(NAMES, 2, 3))
    await group.close()

    assert all(follower.unowned == [] for follower in group.followers)


async def test_events_can_be_published_again_after_the_broker_lost_its_data(
    broker: LocalKafka, log: KafkaPartitionedLogUnderTest
) -> None:
    group = Group(log)
    follower = await group.join()
    await publish_until_acknowledged(log, events(NAMES, 1, 2))
    await group.wait_until_seen(events(NAMES, 1, 2))
    broker.kill()
    broker.wipe()
    broker.start()
    follower.seen.clear()
    await publish_until_acknowledged(log, events(NAMES, 1, 2, 3))
    await group.wait_until_seen(events(NAMES, 1, 2, 3))
    await group.close()


async def test_the_owners_of_the_partitions_are_known(
    connection: Connection, kafka: KafkaPartitionedLogUnderTest, group: Group
) -> None:
    first, second = await group.join(), await group.join()
    await eventually(lambda: bool(first.assignments and second.assignments), within_s=60)
    owners = KafkaPartitionOwners(connection, topic=kafka.names.runs, prefix=kafka.names.prefix)

    async def shared() -> bool:
        members = await owners.members(Group.name)
        owned = sorted(one for member in members for one in member.partitions)
        return len(members) == 2 and owned == list(range(RUNS_PARTITIONS))

    await eventually(shared, within_s=60)
    assert {one.host for one in await owners.members(Group.name)} == {"127.0.0.1"}
    assert await owners.members("another") == []
