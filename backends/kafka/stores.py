"""Adds Kafka's ports to a shared store, and creates the topics."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

from baton.backends.kafka.client_lifecycle import wait_for_abandoned_starts
from baton.backends.kafka.connection import connection_to
from baton.backends.kafka.log_throttle import throttle_library_logs
from baton.backends.kafka.names import topic_names
from baton.backends.kafka.producer import Producer
from baton.backends.kafka.runs_topic.partition_owners import KafkaPartitionOwners
from baton.backends.kafka.runs_topic.partitioned_log import KafkaPartitionedLog
from baton.backends.kafka.runs_topic.publisher import KafkaPublisher
from baton.backends.kafka.runs_topic.run_event_reader import RunEventReader
from baton.backends.kafka.topic_admin import TopicAdmin
from baton.backends.kafka.topics import KafkaTopics
from baton.eventlog.clock import SystemClock
from baton.eventlog.dead_letters import dead_lettering
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.topics import ReceivedMessage
from baton.eventlog.ports.transport import TransportLocation


async def attach(stores: Stores, location: TransportLocation) -> Stores:
    """Return `stores` with Kafka's ports added; each connects with its first use.

    Closing the returned stores closes the ports first, then `stores`.
    """
    connection = connection_to(location.url, location.security)
    names = topic_names(location)
    topic_admin = TopicAdmin(connection, names)
    producer = Producer(connection, topic_admin)
    topics = KafkaTopics(connection, topic_admin, producer)
    publisher = KafkaPublisher(connection, topic_admin, names.runs)

    async def reject(message: ReceivedMessage, reason: str) -> None:
        letter = dead_lettering.dead_letter(message, reason, at=SystemClock().now())
        await dead_lettering.reject([letter], stores.dead_letters, topics, prefix=location.prefix)

    reader = RunEventReader(stores.events, reject)
    partitioned_log = KafkaPartitionedLog(
        connection, topic_admin, reader, topic=names.runs, prefix=names.prefix
    )
    owners = KafkaPartitionOwners(connection, topic=names.runs, prefix=names.prefix)
    throttle_library_logs()
    async with AsyncExitStack() as closing:
        closing.push_async_callback(stores.close)
        closing.push_async_callback(wait_for_abandoned_starts)
        for port in (producer, publisher, topics, partitioned_log):
            closing.push_async_callback(port.close)
        return replace(
            stores,
            publisher=publisher,
            partitioned_log=partitioned_log,
            partition_owners=owners,
            topics=topics,
            close=closing.pop_all().aclose,
        )
    raise AssertionError  # unreachable: the stack suppresses no exception


async def create_topics(location: TransportLocation) -> Sequence[str]:
    """Create the missing topics and return their names; raises `Unavailable`."""
    throttle_library_logs()
    names = topic_names(location)
    connection = connection_to(location.url, location.security)
    return await TopicAdmin(connection, names).create(names.fixed)


async def reach(location: TransportLocation) -> None:
    """Connect once; raises `Unavailable`, which says why no connection is possible."""
    connection = connection_to(location.url, location.security)
    await TopicAdmin(connection, topic_names(location)).reach()
