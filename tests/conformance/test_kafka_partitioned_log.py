"""The log shared over Kafka: strange messages, large events, rebalances, brokers that fail."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.producer import message_accumulator
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from baton.backends.kafka.connection import Connection, connection_to
from baton.backends.kafka.runs_topic.run_event_codec import MAX_EVENT_BYTES
from baton.backends.memory.event_store import MemoryEventStore
from baton.domain.run.messages import RunCancelled
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.codec import encode
from baton.eventlog.events.envelope import Stored, Write
from baton.eventlog.ports.topics import ReceivedMessage
from tests.backends.kafka import SESSION_MS, KafkaPartitionedLogUnderTest
from tests.conformance.partitioned_logs import Group, events, streams
from tests.conformance.test_kafka_foreign_messages import NoText
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
async def own(broker: LocalKafka, tmp_path: Path) -> AsyncIterator[KafkaPartitionedLogUnderTest]:
    """Return the way to a broker that may be killed."""
    connection = replace(connection_to(broker.url), session_ms=SESSION_MS)
    own = KafkaPartitionedLogUnderTest(connection, topic_prefix_for(tmp_path))
    own.publisher._timeout_s = 2.0
    yield own
    await own.close()


async def insisting(kafka: KafkaPartitionedLogUnderTest, published: Sequence[Stored]) -> None:
    """Publish as a relay does."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await kafka.publish(published)
            except Unavailable:
                await asyncio.sleep(0.05)


HEADERS = [("type", b"run.RunStarted"), ("version", b"1"), ("position", b"1")]
KEY, VALUE = b"acme/run/x", b'{"at":1}'
STRANGE: dict[str, tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]] = {
    "nothing": (None, None, []),
    "no key": (None, VALUE, HEADERS),
    "no value": (KEY, None, HEADERS),
    "no headers": (KEY, VALUE, []),
    "half the headers": (KEY, VALUE, HEADERS[1:]),
    "no version": (KEY, VALUE, [HEADERS[0], ("version", b"one"), HEADERS[2]]),
    "no position": (KEY, VALUE, [*HEADERS[:2], ("position", b"")]),
    "a key that is no text": (b"\xff\xfe", VALUE, HEADERS),
    "a key that is no stream": (b"x", VALUE, HEADERS),
    "a stream of another kind": (b"acme/record/x", VALUE, HEADERS),
    "an empty value": (KEY, b"", HEADERS),
    "a value that is no JSON": (KEY, b"{", HEADERS),
    "a value that is no event": (KEY, b'{"when":1}', HEADERS),
    "a value of another type": (KEY, b"[1]", HEADERS),
    "an unknown type": (KEY, VALUE, [("type", b"run.Exploded"), *HEADERS[1:]]),
    "a type of another kind": (KEY, VALUE, [("type", b"claim.Claimed"), *HEADERS[1:]]),
    "an omitted event that isn't there": (KEY, None, [*HEADERS, ("omitted", b"9")]),
}


async def test_what_is_no_event_is_told_of_and_stops_nothing(
    connection: Connection, tmp_path: Path
) -> None:
    told: list[tuple[ReceivedMessage, str]] = []

    async def tell(message: ReceivedMessage, reason: str) -> None:
        told.append((message, reason))

    kafka = KafkaPartitionedLogUnderTest(connection, topic_prefix_for(tmp_path), on_unreadable=tell)
    group = Group(kafka)
    await kafka.publish(events(NAMES, 1))
    producer = connection.producer()
    await producer.start()
    for partition in range(12):
        for key, value, headers in STRANGE.values():
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
    assert kafka.reader.unreadable == len(told) == 12 * len(STRANGE)
    messages = [(one.message.key, one.message.value, list(one.message.headers)) for one, _ in told]
    for name, message in STRANGE.items():
        assert messages.count(message) == 12, name
    assert all(reason for _, reason in told)


async def test_messages_that_cannot_be_taken_apart_are_passed_over(
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
    batch.append(timestamp=None, key=KEY, value=VALUE, headers=[(NoText("name"), b"")])
    await (await producer.send_batch(batch, kafka.names.runs, partition=3))
    await producer.stop()
    await kafka.publish(events(NAMES, 2))
    await group.join()
    await group.wait_until_seen(events(NAMES, 1, 2))
    await kafka.publish(events(NAMES, 3))
    await group.wait_until_seen(events(NAMES, 3))

    assert kafka.reader.unreadable >= 1


async def test_what_cannot_be_told_of_is_passed_over_too(
    connection: Connection, tmp_path: Path
) -> None:
    async def fail(message: ReceivedMessage, reason: str) -> None:
        raise Unavailable(reason)

    kafka = KafkaPartitionedLogUnderTest(connection, topic_prefix_for(tmp_path), on_unreadable=fail)
    group = Group(kafka)
    damaged = Stored(1, NAMES[0], 1, "run.RunStarted", b"{")
    await kafka.publish([damaged, *events(NAMES, 2)])
    await group.join()
    await group.wait_until_seen(events(NAMES, 2))
    await group.close()
    await kafka.close()

    assert kafka.reader.unreadable == 1


async def test_an_event_too_large_for_a_message_comes_from_the_store(
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


async def test_a_rebalance_moves_what_it_must_and_repeats_nothing_of_the_rest(
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


async def test_who_was_put_out_of_the_group_takes_up_anew_what_it_gets_back(
    group: Group,
) -> None:
    """Another one may have begun something in between."""
    follower = await group.join()
    await eventually(lambda: bool(follower.assignments))
    member = follower.subscription._member  # type: ignore[union-attr]
    await member._consumer.client._coordinator._maybe_leave_group()
    await eventually(lambda: len(follower.assignments) == 3)
    await group.log.publish(events(NAMES, 1))
    await group.wait_until_seen(events(NAMES, 1))

    assert [gained for gained, _ in follower.assignments] == [True, False, True]
    assert follower.unowned == []


async def test_what_was_handled_is_not_given_out_again(
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


async def test_followers_of_two_names_do_not_take_from_each_other(
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


async def test_a_broker_that_is_away_at_the_start_is_waited_for(
    broker: LocalKafka, own: KafkaPartitionedLogUnderTest
) -> None:
    broker.kill()
    group = Group(own)
    follower = await group.join()
    with pytest.raises(Unavailable):
        await own.publish(events(NAMES, 1))
    broker.start()
    await insisting(own, events(NAMES, 1))
    await group.wait_until_seen(events(NAMES, 1))
    await group.close()

    assert follower.unowned == []


@pytest.mark.parametrize("how", ["crash", "silence"])
async def test_nothing_is_lost_when_the_broker_goes_and_comes(
    broker: LocalKafka, own: KafkaPartitionedLogUnderTest, how: str
) -> None:
    group = Group(own)
    await group.join()
    await group.join()
    await insisting(own, events(NAMES, 1))
    await group.wait_until_seen(events(NAMES, 1))
    (broker.kill if how == "crash" else broker.pause)()
    with pytest.raises(Unavailable):
        await own.publish(events(NAMES, 2))
    await asyncio.sleep(0.5)
    (broker.start if how == "crash" else broker.resume)()
    await insisting(own, events(NAMES, 2, 3))
    await group.wait_until_seen(events(NAMES, 2, 3))
    await group.close()

    assert all(follower.unowned == [] for follower in group.followers)


async def test_a_log_that_lost_everything_is_filled_again(
    broker: LocalKafka, own: KafkaPartitionedLogUnderTest
) -> None:
    group = Group(own)
    follower = await group.join()
    await insisting(own, events(NAMES, 1, 2))
    await group.wait_until_seen(events(NAMES, 1, 2))
    broker.kill()
    broker.wipe()
    broker.start()
    follower.seen.clear()
    await insisting(own, events(NAMES, 1, 2, 3))
    await group.wait_until_seen(events(NAMES, 1, 2, 3))
    await group.close()
