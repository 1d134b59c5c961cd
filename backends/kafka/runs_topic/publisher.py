"""The end of the shared log that is written: stored events as messages of the runs topic.

Each broker gets one request, with a batch for each of its partitions. The requests are made here
and not by a producer of the library: that one never gives up on a batch, so that what a relay has
published again meanwhile would still come later. Here a failure leaves nothing behind but what the
brokers have. Repeats are dropped by their versions, so nothing else is needed against them.
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
from baton.backends.kafka.connection import METADATA_MS, Connection, as_unavailable
from baton.backends.kafka.names import partition_of
from baton.backends.kafka.runs_topic.run_event_codec import headers_of, value_of
from baton.backends.kafka.topic_admin import TopicAdmin
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Stored

PUBLISH_S: Final = 10.0
BATCH_BYTES: Final = 768 * 1024
"""Brokers take batches of a megabyte by default, and each event of up to 512 KiB fits in one."""
FORMAT: Final = 2
"""Kafka's third format of messages, which has headers."""
ALL_REPLICAS: Final = -1
NOBODY: Final = -1
"""The leader of a partition that has none."""
AGAIN_S: Final = 0.05


class Batch(Protocol):
    """Messages of one partition, as they are stored."""

    def append(
        self,
        offset: int,
        timestamp: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes | None]],
    ) -> object | None:
        """Put in a message; None if it doesn't fit. The first may be of any size."""
        ...

    def build(self) -> bytearray:
        """Return the whole."""
        ...


class KafkaPublisher:
    """Implements `Publisher` for one topic."""

    def __init__(
        self,
        connection: Connection,
        topic_admin: TopicAdmin,
        topic: str,
        *,
        timeout_s: float = PUBLISH_S,
    ) -> None:
        self._connection = connection
        self._topic_admin = topic_admin
        self._topic = topic
        self._timeout_s = timeout_s
        self._client: AIOKafkaClient | None = None
        self._publishing = asyncio.Lock()

    async def publish(self, events: Sequence[Stored]) -> None:
        """Return once all of `events` are kept, those of a stream in their order."""
        async with self._publishing:
            try:
                with as_unavailable():
                    async with asyncio.timeout(self._timeout_s):
                        client = await self._connected()
                        for batches in _rounds(events, _partitions(client, self._topic)):
                            await self._send(client, batches)
            except Unavailable:
                self._topic_admin.forget(self._topic)
                await self._let_go()
                raise

    async def close(self) -> None:
        """Let go of the connections."""
        async with self._publishing:
            await self._let_go()

    async def _connected(self) -> AIOKafkaClient:
        await self._topic_admin.ensure(self._topic)
        if self._client is None:
            client = AIOKafkaClient(
                bootstrap_servers=",".join(self._connection.servers),
                client_id="baton-relay",
                request_timeout_ms=round(1_000 * self._timeout_s),
                metadata_max_age_ms=METADATA_MS,
            )
            await start_client(client)
            self._client = client
            await client.set_topics([self._topic])
        return self._client

    async def _send(self, client: AIOKafkaClient, batches: Mapping[int, bytes]) -> None:
        """Send one batch to each of the partitions, again where a leader is about to change."""
        left = batches
        while refused := await self._attempt(client, left):
            left = {partition: left[partition] for partition in refused}
            await asyncio.sleep(AGAIN_S)
            await client.force_metadata_update()

    async def _attempt(
        self, client: AIOKafkaClient, batches: Mapping[int, bytes]
    ) -> Collection[int]:
        """Send to all brokers at once; return the partitions that have no leader for now."""
        by_node: defaultdict[int, list[tuple[int, bytes]]] = defaultdict(list)
        for partition, batch in batches.items():
            leader = client.cluster.leader_for_partition(TopicPartition(self._topic, partition))
            by_node[NOBODY if leader is None else leader].append((partition, batch))
        refused = [partition for partition, _ in by_node.pop(NOBODY, ())]
        answers = (self._produce(client, node, its) for node, its in by_node.items())
        return refused + [one for answer in await asyncio.gather(*answers) for one in answer]

    async def _produce(
        self, client: AIOKafkaClient, node: int, batches: list[tuple[int, bytes]]
    ) -> Sequence[int]:
        """Send one request; return the partitions that are refused for now."""
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

    async def _let_go(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await close_client(client)


def _partitions(client: AIOKafkaClient, topic: str) -> int:
    found = client.cluster.partitions_for_topic(topic)
    if not found:
        raise UnknownTopicOrPartitionError(topic)
    return len(found)


def _rounds(events: Sequence[Stored], partitions: int) -> Iterator[Mapping[int, bytes]]:
    """Yield batches to send one after the other: a request takes one of each partition."""
    now = round(time.time() * 1_000)
    filled: defaultdict[int, list[Batch]] = defaultdict(list)
    counts = [0] * partitions  # of the newest batches
    for event in events:
        key = event.stream.encode()
        partition = partition_of(key, partitions)
        batches = filled[partition]
        message = (now, key, value_of(event), headers_of(event))
        if not batches or batches[-1].append(counts[partition], *message) is None:
            batches.append(_batch())
            batches[-1].append(0, *message)
            counts[partition] = 0
        counts[partition] += 1
    while filled:
        yield {partition: bytes(batches.pop(0).build()) for partition, batches in filled.items()}
        filled = defaultdict(list, {key: batches for key, batches in filled.items() if batches})


def _batch() -> Batch:
    batch: Batch = DefaultRecordBatchBuilder(
        magic=FORMAT,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=BATCH_BYTES,
    )
    return batch
