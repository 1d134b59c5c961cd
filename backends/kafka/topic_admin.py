"""Creation of missing topics; existing topics aren't changed."""

import asyncio
from collections.abc import Collection, Sequence
from types import MappingProxyType
from typing import Protocol, cast

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import NoError, TopicAlreadyExistsError, for_code

from baton.backends.kafka.client_lifecycle import close_client, start_client
from baton.backends.kafka.connection import CLIENT_ERRORS, Connection, as_unavailable
from baton.backends.kafka.handshake import explain_failure
from baton.backends.kafka.names import TopicNames
from baton.eventlog.errors import Unavailable

CREATE_TIMEOUT_MS = 10_000
BROKER_DEFAULT = -1
"""The replication factor of new topics: the cluster's own default."""
TOPIC_CONFIG = MappingProxyType({"max.message.bytes": str(16 * 1024 * 1024)})
"""The settings of new topics: a message may be somewhat larger than the largest request body."""


class _CreateTopicsResponse(Protocol):
    topic_errors: Sequence[tuple[str, int, str]]


class TopicAdmin:
    """Creates topics before their first use and remembers which ones exist."""

    def __init__(self, connection: Connection, names: TopicNames) -> None:
        self._connection = connection
        self._names = names
        self._existing: set[str] = set()
        self._creating = asyncio.Lock()

    async def ensure(self, topic: str) -> None:
        """Create `topic` unless it is known to exist; raises `Unavailable`."""
        if topic not in self._existing:
            async with self._creating:
                if topic not in self._existing:
                    await self.create((topic,))

    def forget(self, topic: str) -> None:
        """Make the next `ensure` ask the cluster again, because `topic` may have been deleted."""
        self._existing.discard(topic)

    async def create(self, topics: Collection[str]) -> Sequence[str]:
        """Create the topics that don't exist yet and return their names; raises `Unavailable`."""
        new_topics = [
            NewTopic(topic, self._names.partitions(topic), BROKER_DEFAULT, {}, TOPIC_CONFIG)
            for topic in topics
        ]
        admin = self._connection.admin()
        await self._start(admin)
        with as_unavailable():
            try:
                response = await admin.create_topics(new_topics, timeout_ms=CREATE_TIMEOUT_MS)
            except AttributeError as error:  # aiokafka expects every cluster to have a controller
                raise Unavailable("Kafka: the cluster has no controller") from error
            finally:
                await asyncio.shield(close_client(admin))
        errors = cast(_CreateTopicsResponse, response).topic_errors
        created = [topic for topic, code, message in errors if _was_created(code, message)]
        self._existing.update(topics)
        return created

    async def reach(self) -> None:
        """Connect once; raises `Unavailable`."""
        admin = self._connection.admin()
        await self._start(admin)
        await asyncio.shield(close_client(admin))

    async def _start(self, admin: AIOKafkaAdminClient) -> None:
        """Start a client; other calls wait for the first one's success. Raises `Unavailable`."""
        try:
            await start_client(admin)
        except CLIENT_ERRORS as error:
            reason = await explain_failure(self._connection)
            raise Unavailable(f"Kafka: {reason or error or type(error).__name__}") from error


def _was_created(code: int, message: str) -> bool:
    error = for_code(code)
    if error not in {NoError, TopicAlreadyExistsError}:
        raise Unavailable(f"Kafka: {error.__name__}: {message}")
    return error is NoError
