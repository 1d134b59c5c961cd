"""Attaches Kafka to stores for the conformance suites."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from baton.backends.kafka import TRANSPORT
from baton.backends.kafka.client_lifecycle import close_client
from baton.backends.kafka.connection import Connection, connection_to
from baton.backends.kafka.names import TopicNames
from baton.backends.kafka.runs_topic.partitioned_log import (
    KafkaPartitionedLog,
    PartitionSubscription,
)
from baton.backends.kafka.runs_topic.publisher import KafkaPublisher
from baton.backends.kafka.runs_topic.run_event_reader import OnUnreadable, RunEventReader, log_only
from baton.backends.kafka.topic_admin import TopicAdmin
from baton.backends.memory.event_store import MemoryEventStore
from baton.eventlog.events.envelope import Stored
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.partitions import PartitionOwner
from baton.eventlog.ports.stores import EventStore, Subscription
from baton.eventlog.ports.transport import TransportLocation
from tests.backends import memory
from tests.servers.kafka import server_url, topic_prefix_for

SESSION_MS = 1_500
"""How long a broker waits for a crashed member; short, because tests wait as long."""


def require() -> None:
    """Skip the test if there is no broker."""
    server_url()


def location_for(folder: Path) -> TransportLocation:
    """Return the topics that stand for `folder`, on the broker that all tests share."""
    prefix = topic_prefix_for(folder)
    return TransportLocation(url=server_url(), prefix=prefix, records=f"{prefix}records")


async def settings(folder: Path) -> dict[str, str]:
    """Return the settings of the topics that stand for `folder`."""
    at = location_for(folder)
    return {"log": at.url, "topic_prefix": at.prefix, "records_topic": at.records}


async def attach(stores: Stores, folder: Path) -> Stores:
    """Return `stores` with the topics of `folder` attached."""
    return await TRANSPORT.attach(stores, location_for(folder))


async def open_topics(folder: Path) -> Stores:
    """Return the topics of `folder` attached to stores in memory."""
    require()
    return await attach(await memory.open_stores(folder), folder)


class KafkaPartitionedLogUnderTest:
    """A partitioned log on Kafka; each member stands for one process."""

    def __init__(
        self,
        connection: Connection,
        prefix: str,
        *,
        store: EventStore | None = None,
        on_unreadable: OnUnreadable = log_only,
    ) -> None:
        self.names = TopicNames(prefix=prefix, records=f"{prefix}records")
        self.reader = RunEventReader(store or MemoryEventStore(), on_unreadable)
        topic_admin = TopicAdmin(connection, self.names)
        topic = self.names.runs
        self.publisher = KafkaPublisher(connection, topic_admin, topic)
        self.log = KafkaPartitionedLog(
            connection, topic_admin, self.reader, topic=topic, prefix=prefix
        )

    async def publish(self, events: Sequence[Stored]) -> None:
        await self.publisher.publish(events)

    async def join(self, name: str, owner: PartitionOwner) -> Subscription:
        return await self.log.join(name, owner)

    async def crash(self, subscription: Subscription) -> None:
        assert isinstance(subscription, PartitionSubscription)
        member = subscription._member
        client, member._consumer._client = member._consumer.client, None
        await close_client(client, timeout_s=0)

    async def close(self) -> None:
        await self.log.close()
        await self.publisher.close()


@asynccontextmanager
async def open_partitioned_log(folder: Path) -> AsyncIterator[KafkaPartitionedLogUnderTest]:
    """Yield a partitioned log on the topics of `folder`."""
    connection = Connection(connection_to(server_url()).servers, session_ms=SESSION_MS)
    opened = KafkaPartitionedLogUnderTest(connection, topic_prefix_for(folder))
    yield opened
    await opened.close()
