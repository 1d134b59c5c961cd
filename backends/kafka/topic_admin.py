"""Creates the topics that are missing, and leaves those that exist as they are."""

import asyncio
from collections.abc import Collection, Sequence
from types import MappingProxyType
from typing import Protocol, cast

from aiokafka.admin import NewTopic
from aiokafka.errors import NoError, TopicAlreadyExistsError, for_code

from baton.backends.kafka.client_lifecycle import close_client, start_client
from baton.backends.kafka.connection import Connection, as_unavailable
from baton.backends.kafka.names import TopicNames
from baton.eventlog.errors import Unavailable

CREATE_MS = 10_000
OF_THE_BROKER = -1
"""As many replicas as the cluster gives a topic by its own settings."""
CONFIG = MappingProxyType({"max.message.bytes": str(16 * 1024 * 1024)})
"""An event may be as large as a request body, and then some."""


class _Answer(Protocol):
    topic_errors: Sequence[tuple[str, int, str]]


class TopicAdmin:
    """Sees to it that topics exist before they are used."""

    def __init__(self, connection: Connection, names: TopicNames) -> None:
        self._connection = connection
        self._names = names
        self._exist: set[str] = set()
        self._creating = asyncio.Lock()

    async def ensure(self, topic: str) -> None:
        """Create `topic` unless it is known to exist; raises `Unavailable`."""
        if topic not in self._exist:
            async with self._creating:
                if topic not in self._exist:
                    await self.create((topic,))

    def forget(self, topic: str) -> None:
        """Look again before the next use: the topic may be gone."""
        self._exist.discard(topic)

    async def create(self, topics: Collection[str]) -> Sequence[str]:
        """Create those of `topics` that are missing, and return them; raises `Unavailable`."""
        wanted = [
            NewTopic(topic, self._names.partitions(topic), OF_THE_BROKER, {}, CONFIG)
            for topic in topics
        ]
        admin = self._connection.admin()
        with as_unavailable():
            await start_client(admin)
            try:
                answer = await admin.create_topics(wanted, timeout_ms=CREATE_MS)
            except AttributeError as error:  # the library counts on a controller
                raise Unavailable("Kafka: the cluster has no controller") from error
            finally:
                await asyncio.shield(close_client(admin))
        outcomes = cast(_Answer, answer).topic_errors
        created = [topic for topic, code, message in outcomes if _is_new(code, message)]
        self._exist.update(topics)
        return created


def _is_new(code: int, message: str) -> bool:
    error = for_code(code)
    if error not in {NoError, TopicAlreadyExistsError}:
        raise Unavailable(f"Kafka: {error.__name__}: {message}")
    return error is NoError
