"""Attaches Kafka to stores and creates its topics."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

from baton.backends.kafka.client_lifecycle import wait_for_abandoned_starts
from baton.backends.kafka.connection import connection_to
from baton.backends.kafka.log_throttle import throttle_library_logs
from baton.backends.kafka.names import topic_names
from baton.backends.kafka.producer import Producer
from baton.backends.kafka.runs_topic.partitioned_log import KafkaPartitionedLog
from baton.backends.kafka.runs_topic.publisher import KafkaPublisher
from baton.backends.kafka.runs_topic.run_event_reader import RunEventReader
from baton.backends.kafka.topic_admin import TopicAdmin
from baton.backends.kafka.topics import KafkaTopics
from baton.eventlog import dead_lettering
from baton.eventlog.clock import SystemClock
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.topics import ReceivedMessage
from baton.eventlog.ports.transport import TransportLocation


async def attach(stores: Stores, route: TransportLocation) -> Stores:
    """Put Kafka beside `stores`; nothing connects before it is used."""
    connection, names = connection_to(route.url), topic_names(route)
    topic_admin = TopicAdmin(connection, names)
    producer = Producer(connection, topic_admin)
    topics = KafkaTopics(connection, topic_admin, producer)
    publisher = KafkaPublisher(connection, topic_admin, names.runs)

    async def give_up(message: ReceivedMessage, reason: str) -> None:
        letter = dead_lettering.dead_letter(message, reason, at=SystemClock().now())
        await dead_lettering.reject([letter], stores.dead_letters, topics, prefix=route.prefix)

    reader = RunEventReader(stores.events, give_up)
    shares = KafkaPartitionedLog(
        connection, topic_admin, reader, topic=names.runs, prefix=names.prefix
    )
    throttle_library_logs()
    async with AsyncExitStack() as opened:
        opened.push_async_callback(stores.close)
        opened.push_async_callback(wait_for_abandoned_starts)
        for one in (producer, publisher, topics, shares):
            opened.push_async_callback(one.close)
        return replace(
            stores,
            publisher=publisher,
            partitioned_log=shares,
            topics=topics,
            close=opened.pop_all().aclose,
        )
    raise AssertionError  # the stack passes exceptions on


async def create_topics(route: TransportLocation) -> Sequence[str]:
    """Create the topics that are missing and return their names; raises `Unavailable`."""
    names = topic_names(route)
    return await TopicAdmin(connection_to(route.url), names).create(names.fixed)
