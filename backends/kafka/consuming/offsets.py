"""Where a consumer stands in a topic, and who remembers it: its group, or the consumer itself."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError
from aiokafka.structs import ConsumerRecord, TopicPartition

from baton.backends.kafka.client_lifecycle import close_client, start_client
from baton.eventlog.ports.topics import ReceivedMessage

COMMIT_S = 20.0

RawRecord: TypeAlias = "ConsumerRecord[bytes, bytes]"
Records: TypeAlias = Sequence[RawRecord]
Found: TypeAlias = Mapping[TopicPartition, Records]

_log = logging.getLogger("baton.kafka")


class InFlight:
    """What was returned of each partition, and how much of it is handled."""

    def __init__(self) -> None:
        self._ends: dict[TopicPartition, int] = {}

    def add(self, found: Found) -> None:
        """Note what is being returned."""
        self._ends |= {place: records[-1].offset + 1 for place, records in found.items()}

    def handled(self, unfinished: Collection[ReceivedMessage]) -> dict[TopicPartition, int]:
        """Return the offset behind what is handled: the first one that is unfinished stops it."""
        offsets = dict(self._ends)
        for one in unfinished:
            place = TopicPartition(one.topic, one.partition)
            if place in offsets:
                offsets[place] = min(offsets[place], one.offset)
        return offsets

    def clear(self) -> None:
        """Forget everything: it will be returned again, if not to another consumer."""
        self._ends.clear()


class CommittedOffsets(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """A place that Kafka keeps, as offsets that the group has committed."""

    def __init__(self, topic: str, group: str) -> None:
        self.topic = topic
        self.group = group
        self.returned = InFlight()
        self._committed: dict[TopicPartition, int] = {}

    async def take_up(self, consumer: AIOKafkaConsumer) -> None:
        """Begin to join the group; `getmany` waits until it has its partitions."""
        self.on_partitions_revoked(())
        await start_client(consumer)
        consumer.subscribe([self.topic], listener=self)

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:  # noqa: ARG002
        """All partitions are dealt out anew, and begin where the group has committed them."""
        self.returned.clear()
        self._committed.clear()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Nothing to do: what is assigned shows in what is received."""

    async def handled(
        self, consumer: AIOKafkaConsumer, unfinished: Collection[ReceivedMessage]
    ) -> None:
        """Commit what is handled.

        Kafka refuses it when the group has just changed, which is no failure: it is received again.
        """
        offsets = self.returned.handled(unfinished)
        news = dict(offsets.items() - self._committed.items())
        if not news:
            return
        try:
            async with asyncio.timeout(COMMIT_S):
                await consumer.commit(news)
        except (CommitFailedError, IllegalStateError) as error:
            _log.info("%s: handled messages will be received again: %s", self.topic, error)
        else:
            self._committed |= news


class LocalOffsets:
    """A place that nobody else knows: it begins at the end of the topic."""

    group = None

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.returned = InFlight()
        self._handled: dict[TopicPartition, int] = {}

    async def take_up(self, consumer: AIOKafkaConsumer) -> None:
        """Go on where the consumer before stood; what came into being since begins at its end.

        A consumer that can't is let go.
        """
        consumer.subscribe([self.topic])
        await start_client(consumer)
        self.returned.clear()
        new = list(consumer.assignment() - self._handled.keys())
        try:
            self._handled |= await consumer.end_offsets(new) if new else {}
        except BaseException:
            await asyncio.shield(close_client(consumer))
            raise
        for place in consumer.assignment():
            consumer.seek(place, self._handled[place])

    async def handled(
        self,
        consumer: AIOKafkaConsumer,  # noqa: ARG002 - a group's place is kept through it
        unfinished: Collection[ReceivedMessage],
    ) -> None:
        """Remember what is handled."""
        self._handled |= self.returned.handled(unfinished)
