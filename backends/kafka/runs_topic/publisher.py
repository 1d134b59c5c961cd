"""Publishes stored events to the runs topic.

Each broker gets one produce request with a batch per partition. The requests are built here,
because an aiokafka producer retries a batch forever: the batch could arrive after the relay has
published the same events, and later ones, again. Here a failed request leaves nothing pending.
Readers drop repeated events by their versions, so idempotent produce requests aren't needed.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, Protocol

from aiokafka import AIOKafkaClient, TopicPartition
from aiokafka.errors import NoError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from baton.backends.kafka.client_lifecycle import close_client, start_client
from baton.backends.kafka.connection import Connection, as_unavailable
from baton.backends.kafka.names import partition_of
from baton.backends.kafka.runs_topic.run_event_codec import headers_of, value_of
from baton.backends.kafka.topic_admin import TopicAdmin
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Stored

PUBLISH_TIMEOUT_S: Final = 10.0
BATCH_BYTES: Final = 768 * 1024
"""The target size of a batch: below a broker's default limit (1 MB), above the largest event."""
RECORD_FORMAT: Final = 2
"""The version of Kafka's record format, the first one with headers."""
ALL_REPLICAS: Final = -1
NO_LEADER: Final = -1
RETRY_S: Final = 0.05
"""The pause before batches are sent again to partitions whose leader changes."""
METADATA_TRIES: Final = 20
"""The number of times that a new connection asks for the partitions of a topic."""


class Batch(Protocol):
    """aiokafka's builder of a record batch, which is untyped."""

    def append(
        self,
        offset: int,
        timestamp: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes | None]],
    ) -> object | None:
        """Append a record; returns None if it doesn't fit. The first record may have any size."""
        ...

    def build(self) -> bytearray:
        """Return the encoded batch."""
        ...


class KafkaPublisher:
    """Implements `Publisher` for one topic; it connects with the first call."""

    def __init__(
        self,
        connection: Connection,
        topic_admin: TopicAdmin,
        topic: str,
        *,
        timeout_s: float = PUBLISH_TIMEOUT_S,
    ) -> None:
        self._connection = connection
        self._topic_admin = topic_admin
        self._topic = topic
        self._timeout_s = timeout_s
        self._client: AIOKafkaClient | None = None
        self._publishing = asyncio.Lock()

    async def publish(self, events: Sequence[Stored]) -> None:
        """Return once all in-sync replicas have `events`, those of a stream in their order.

        Raises:
            Unavailable: Some of the events may be stored.
        """
        async with self._publishing:
            try:
                with as_unavailable():
                    async with asyncio.timeout(self._timeout_s):
                        client = await self._connected()
                        for batches in _batch_rounds(events, _partitions(client, self._topic)):
                            await self._send(client, batches)
            except Unavailable:
                self._topic_admin.forget(self._topic)
                await self._disconnect()
                raise

    async def close(self) -> None:
        """Wait for the current call, then close the connections."""
        async with self._publishing:
            await self._disconnect()

    async def _connected(self) -> AIOKafkaClient:
        await self._topic_admin.ensure(self._topic)
        if self._client is None:
            client = self._connection.client(
                client_id="baton-relay", request_ms=round(1_000 * self._timeout_s)
            )
            await start_client(client)
            self._client = client
            await client.set_topics([self._topic])
            await self._await_partitions(client)
        return self._client

    async def _await_partitions(self, client: AIOKafkaClient) -> None:
        """Give the brokers a moment to know a topic that was just created."""
        for _ in range(METADATA_TRIES):
            if client.cluster.partitions_for_topic(self._topic):
                return
            await asyncio.sleep(RETRY_S)
            await client.force_metadata_update()

    async def _send(self, client: AIOKafkaClient, batches: Mapping[int, bytes]) -> None:
        """Send one batch per partition; retry the partitions whose leader changes."""
        remaining = batches
        while refused := await self._send_once(client, remaining):
            remaining = {partition: remaining[partition] for partition in refused}
            await asyncio.sleep(RETRY_S)
            await client.force_metadata_update()

    async def _send_once(
        self, client: AIOKafkaClient, batches: Mapping[int, bytes]
    ) -> Collection[int]:
        """Send to all brokers concurrently; return the partitions to retry."""
        by_node: defaultdict[int, list[tuple[int, bytes]]] = defaultdict(list)
        for partition, batch in batches.items():
            leader = client.cluster.leader_for_partition(TopicPartition(self._topic, partition))
            by_node[NO_LEADER if leader is None else leader].append((partition, batch))
        refused = [partition for partition, _ in by_node.pop(NO_LEADER, ())]
        answers = (self._produce(client, node, its) for node, its in by_node.items())
        return refused + [
            partition for answer in await asyncio.gather(*answers) for partition in answer
        ]

    async def _produce(
        self, client: AIOKafkaClient, node: int, batches: list[tuple[int, bytes]]
    ) -> Sequence[int]:
        """Send one request; return the partitions that it failed for with a retriable error."""
        request = ProduceRequest(
            transactional_id=None,
            required_acks=ALL_REPLICAS,
            timeout=round(1_000 * self._timeout_s),
            topics=[(self._topic, batches)],
        )
        response = await client.send(node, request)
        refused: list[int] = []
        for partition, code, *_ in response.topics[0][1]:
            error = for_code(code)
            if error is not NoError:
                if not error.retriable:
                    raise error(f"{self._topic}/{partition}")
                refused.append(partition)
        return refused

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await close_client(client)


def _partitions(client: AIOKafkaClient, topic: str) -> int:
    partitions = client.cluster.partitions_for_topic(topic)
    if not partitions:
        raise UnknownTopicOrPartitionError(topic)
    return len(partitions)


def _batch_rounds(events: Sequence[Stored], partitions: int) -> Iterator[Mapping[int, bytes]]:
    """Yield rounds of at most one batch per partition, to be sent one after the other.

    A produce request takes one batch per partition; events that need more fill further rounds.
    """
    now = round(time.time() * 1_000)
    pending: defaultdict[int, list[Batch]] = defaultdict(list)
    counts = [0] * partitions  # of records in each partition's newest batch
    for event in events:
        key = event.stream.encode()
        partition = partition_of(key, partitions)
        batches = pending[partition]
        message = (now, key, value_of(event), headers_of(event))
        if not batches or batches[-1].append(counts[partition], *message) is None:
            batches.append(_new_batch())
            batches[-1].append(0, *message)
            counts[partition] = 0
        counts[partition] += 1
    while pending:
        yield {partition: bytes(batches.pop(0).build()) for partition, batches in pending.items()}
        pending = defaultdict(list, {key: batches for key, batches in pending.items() if batches})


def _new_batch() -> Batch:
    batch: Batch = DefaultRecordBatchBuilder(
        magic=RECORD_FORMAT,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=BATCH_BYTES,
    )
    return batch
