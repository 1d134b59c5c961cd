"""A Kafka consumer that replaces its aiokafka client after a failure.

An aiokafka consumer doesn't recover from every error. A failed client is therefore closed, and the
next use starts a new one at the acknowledged offsets.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CorruptRecordException, UnknownTopicOrPartitionError

from baton.backends.kafka.client_lifecycle import close_client
from baton.backends.kafka.connection import as_unavailable
from baton.backends.kafka.consuming.corrupt_records import DECODE_ERROR, poll_skipping_corrupt
from baton.backends.kafka.consuming.records import RecordsByPartition
from baton.backends.kafka.topic_admin import TopicAdmin
from baton.eventlog.errors import Unavailable

Connect: TypeAlias = Callable[[], Awaitable[AIOKafkaConsumer]]
BeforeClose: TypeAlias = Callable[[AIOKafkaConsumer], Awaitable[None]]


class RestartingConsumer:
    """Owns the current client of `topic`, if there is one."""

    def __init__(
        self,
        topic_admin: TopicAdmin,
        topic: str,
        *,
        connect: Connect,
        poll_ms: int,
        max_records: int | None = None,
    ) -> None:
        """Describe the consumer; nothing connects yet.

        Args:
            topic_admin: Creates the topic before each start.
            topic: The topic that is consumed.
            connect: Called on the event loop whenever a client is needed; returns a new client,
                started and subscribed, which the consumer owns.
            poll_ms: The time that a poll waits for records.
            max_records: The limit of one poll, or None.
        """
        self.closed = False
        self.topic = topic
        self._topic_admin = topic_admin
        self._connect = connect
        self._poll_ms = poll_ms
        self._max_records = max_records
        self._client: AIOKafkaConsumer | None = None
        self._starting = asyncio.Lock()
        self._skipping_corrupt = False

    @property
    def client(self) -> AIOKafkaConsumer:
        """The current client; raises `Unavailable` if there is none."""
        if self._client is None:
            raise Unavailable(f"Kafka: the consumer of {self.topic} is not started")
        return self._client

    @property
    def started(self) -> bool:
        """Whether there is a client."""
        return self._client is not None

    async def start(self) -> AIOKafkaConsumer:
        """Return the current client, or a new one if there is none; raises `Unavailable`."""
        async with self._starting:
            self._require_open()
            if self._client is None:
                await self._topic_admin.ensure(self.topic)
                with as_unavailable():
                    client = await self._connect()
                if self.closed:  # during the start
                    await asyncio.shield(close_client(client))
                self._require_open()
                self._client = client
            return self._client

    def _require_open(self) -> None:
        if self.closed:
            raise Unavailable(f"Kafka: the consumer of {self.topic} is closed")

    @asynccontextmanager
    async def use(self) -> AsyncIterator[AIOKafkaConsumer]:
        """Yield a started client, and discard it if the block raises.

        A cancelled block keeps the client, except while `poll` skips corrupt records.
        """
        client = await self.start()
        try:
            yield client
        except BaseException as error:
            if self._skipping_corrupt or not isinstance(error, asyncio.CancelledError):
                await self.discard()
            raise

    async def poll(self, client: AIOKafkaConsumer) -> RecordsByPartition:
        """Return the next records of `client`, or none after `poll_ms`; called inside `use`.

        Raises:
            CorruptRecordException: A record can't be decoded; the next client skips it.
            UnknownTopicOrPartitionError: The topic was deleted; aiokafka keeps polling it silently.
        """
        records: RecordsByPartition
        if self._skipping_corrupt:
            records, skipped = await poll_skipping_corrupt(client)
            self._skipping_corrupt = not skipped
        else:
            try:
                records = await client.getmany(
                    timeout_ms=self._poll_ms, max_records=self._max_records
                )
            except DECODE_ERROR as error:
                self._skipping_corrupt = True
                raise CorruptRecordException(str(error)) from error
        if not client.partitions_for_topic(self.topic):
            raise UnknownTopicOrPartitionError(f"{self.topic} was deleted")
        return records

    async def discard(self) -> None:
        """Close the current client, if there is one; the next `start` connects a new one."""
        client, self._client = self._client, None
        self._topic_admin.forget(self.topic)
        if client is not None:
            await asyncio.shield(close_client(client))

    async def close(self, before: BeforeClose | None = None) -> None:
        """Close for good: later calls of `start` raise.

        Args:
            before: Called on the event loop with the current client, if there is one, before it is
                closed.
        """
        self.closed = True
        client, self._client = self._client, None
        if client is None:
            return
        try:
            if before is not None:
                await before(client)
        finally:
            await asyncio.shield(close_client(client))
