"""Where a consumer stands in a topic, and who remembers it: the group, or the consumer itself."""

import asyncio
import logging
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError, IllegalStateError
from aiokafka.structs import TopicPartition

COMMIT_S = 20.0

_log = logging.getLogger("baton.kafka")


class GroupPlace:
    """A place that Kafka keeps, as offsets that the group has committed."""

    def __init__(self, topic: str, group: str) -> None:
        self.topic = topic
        self.group = group

    async def take_up(self, consumer: AIOKafkaConsumer) -> None:
        """Begin to join the group: `getmany` waits until it has its partitions."""
        await consumer.start()
        consumer.subscribe([self.topic])

    async def handled(
        self, consumer: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]
    ) -> None:
        """Commit what is handled of partitions that are still this consumer's.

        The others are another's now, who receives it again: the group changed, which is no failure.
        """
        mine = {place: offsets[place] for place in consumer.assignment().intersection(offsets)}
        try:
            async with asyncio.timeout(COMMIT_S):
                if mine:
                    await consumer.commit(mine)
        except (CommitFailedError, IllegalStateError) as error:
            _log.info("%s: handled messages will be received again: %s", self.topic, error)


class OwnPlace:
    """A place that nobody else knows: it begins at the end of the topic."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.group = None
        self._offsets: dict[TopicPartition, int] = {}

    async def take_up(self, consumer: AIOKafkaConsumer) -> None:
        """Go on where the consumer before stood; partitions that came since begin at their end."""
        consumer.subscribe([self.topic])
        await consumer.start()
        new = consumer.assignment() - self._offsets.keys()
        if new:
            self._offsets.update(await consumer.end_offsets(list(new)))
        for place in consumer.assignment():
            consumer.seek(place, self._offsets[place])

    async def handled(
        self,
        consumer: AIOKafkaConsumer,  # noqa: ARG002 - a group's place needs it
        offsets: Mapping[TopicPartition, int],
    ) -> None:
        """Remember what is handled."""
        self._offsets.update(offsets)
