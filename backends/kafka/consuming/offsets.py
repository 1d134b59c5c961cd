"""Offsets of a topic's consumer: committed to Kafka for a group, in memory without a group."""

import asyncio
import logging
from collections.abc import Collection

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError
from aiokafka.structs import TopicPartition

from baton.backends.kafka.client_lifecycle import close_client, start_client
from baton.backends.kafka.consuming.member_commits import MemberCommits
from baton.backends.kafka.consuming.records import RecordsByPartition
from baton.eventlog.ports.topics import ReceivedMessage

COMMIT_TIMEOUT_S = 20.0

_log = logging.getLogger("baton.kafka")


class InFlight:
    """The records that were returned to the caller, and their offsets to acknowledge."""

    def __init__(self) -> None:
        self._ends: dict[TopicPartition, int] = {}

    def add(self, fetched: RecordsByPartition) -> None:
        """Record that the caller gets `fetched`."""
        self._ends |= {partition: records[-1].offset + 1 for partition, records in fetched.items()}

    def acknowledged(self, unfinished: Collection[ReceivedMessage]) -> dict[TopicPartition, int]:
        """Return the next offset of each partition: of its first unfinished message, if any.

        Args:
            unfinished: Returned messages that are still being processed, in any order.
        """
        offsets = dict(self._ends)
        for message in unfinished:
            partition = TopicPartition(message.topic, message.partition)
            if partition in offsets:
                offsets[partition] = min(offsets[partition], message.offset)
        return offsets

    def clear(self) -> None:
        """Forget all records: they will be delivered again, here or to another member."""
        self._ends.clear()


class CommittedOffsets(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Offsets that Kafka stores for a consumer group; aiokafka calls it on the event loop."""

    def __init__(self, topic: str, group: str) -> None:
        self.topic = topic
        self.group = group
        self.in_flight = InFlight()
        self._commits = MemberCommits()
        self._committed: dict[TopicPartition, int] = {}

    async def start(self, client: AIOKafkaConsumer) -> None:
        """Start `client` and subscribe it; its first poll waits for the group's assignment."""
        self.on_partitions_revoked(())
        await start_client(client)
        client.subscribe([self.topic], listener=self)

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:  # noqa: ARG002
        """Forget all partitions: after the rebalance, each starts at its committed offset."""
        self._commits.on_revoked()
        self.in_flight.clear()
        self._committed.clear()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Do nothing: the next poll returns records of the new partitions."""

    async def acknowledge(
        self, client: AIOKafkaConsumer, unfinished: Collection[ReceivedMessage]
    ) -> None:
        """Commit the offsets of all finished messages.

        Kafka refuses a commit during a rebalance. That is no error: the messages are redelivered.
        """
        offsets = self.in_flight.acknowledged(unfinished)
        uncommitted = dict(offsets.items() - self._committed.items())
        if not uncommitted:
            return
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                await self._commits.commit(client, uncommitted)
        except (CommitFailedError, IllegalStateError) as error:
            _log.info("%s: finished messages will be redelivered: %s", self.topic, error)
        else:
            self._committed |= uncommitted


class LocalOffsets:
    """Offsets of a consumer without a group, in memory; it starts at the end of the topic."""

    group = None

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.in_flight = InFlight()
        self._acknowledged: dict[TopicPartition, int] = {}

    async def start(self, client: AIOKafkaConsumer) -> None:
        """Start `client` at the acknowledged offsets, and at the end of partitions without one.

        Closes the client if that fails.
        """
        client.subscribe([self.topic])
        await start_client(client)
        self.in_flight.clear()
        new = list(client.assignment() - self._acknowledged.keys())
        try:
            self._acknowledged |= await client.end_offsets(new) if new else {}
        except BaseException:
            await asyncio.shield(close_client(client))
            raise
        for partition in client.assignment():
            client.seek(partition, self._acknowledged[partition])

    async def acknowledge(
        self,
        client: AIOKafkaConsumer,  # noqa: ARG002 - only a group commits through the client
        unfinished: Collection[ReceivedMessage],
    ) -> None:
        """Remember the offsets of all finished messages."""
        self._acknowledged |= self.in_flight.acknowledged(unfinished)
