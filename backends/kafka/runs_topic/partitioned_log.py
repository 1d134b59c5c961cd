"""The log of run events over Kafka: each member of a group owns the runs of its partitions.

Most events that an executor receives are its own, so a message is decoded only if its owner hasn't
seen the event.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from baton.backends.kafka.connection import Connection, retry_forever
from baton.backends.kafka.consuming.consumer_group import GroupMember
from baton.backends.kafka.consuming.records import RawRecord
from baton.backends.kafka.runs_topic.run_event_reader import RunEventReader
from baton.backends.kafka.topic_admin import TopicAdmin
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.partitions import PartitionOwner
from baton.eventlog.ports.stores import Subscription

_log = logging.getLogger("baton.kafka")


class KafkaPartitionedLog:
    """Implements `PartitionedLog` for one topic."""

    def __init__(
        self,
        connection: Connection,
        topic_admin: TopicAdmin,
        reader: RunEventReader,
        *,
        topic: str,
        prefix: str,
    ) -> None:
        """Describe the log; nothing connects yet.

        Args:
            connection: The cluster.
            topic_admin: Creates the topic before its first use.
            reader: Decodes the messages.
            topic: The topic of run events.
            prefix: Prefix of the names of consumer groups.
        """
        self.reader = reader
        self._connection = connection
        self._topic_admin = topic_admin
        self._topic = topic
        self._prefix = prefix
        self._subscriptions: set[PartitionSubscription] = set()

    async def join(self, name: str, owner: PartitionOwner) -> Subscription:
        """Return a member of the group `name`, which joins with its first `next`."""
        group = f"{self._prefix}{name}"
        member = GroupMember(self._connection, self._topic_admin, self._topic, group)
        subscription = PartitionSubscription(member, self.reader, owner)
        self._subscriptions.add(subscription)
        return subscription

    async def close(self) -> None:
        """Leave every group."""
        await asyncio.gather(*(subscription.close() for subscription in self._subscriptions))
        self._subscriptions.clear()


class PartitionSubscription:
    """Delivers the events of one owner's partitions."""

    def __init__(self, member: GroupMember, reader: RunEventReader, owner: PartitionOwner) -> None:
        self._member = member
        self._reader = reader
        self._owner = owner
        self._fetched: Sequence[RawRecord] = ()

    async def next(self) -> Sequence[Recorded]:
        """Acknowledge the events returned before, then wait for and return the next new ones.

        Calls the owner's `gain` and `lose` first, on the event loop. An event that the owner has
        already seen is acknowledged without being returned.
        """
        while True:
            if not self._fetched:
                self._member.acknowledge()
            await retry_forever(self._member.join, f"joining {self._member.group}")
            await self._apply_assignment()
            if not self._fetched:
                self._fetched = await self._member.fetch()
            events = await self._reader.read(self._fetched, self._owner.already_seen)
            self._fetched = ()
            if events:
                return events

    async def close(self) -> None:
        """Leave the group."""
        await self._member.leave()

    async def _apply_assignment(self) -> None:
        """Call `lose` and `gain` until the owner has exactly the assigned partitions."""
        ours, group = self._member.assignment, self._member.group
        while True:
            if lost := ours.lost:
                _log.info("%s: lost partitions %s", group, sorted(lost))
                self._fetched = [
                    message for message in self._fetched if message.partition not in lost
                ]
                await self._owner.lose(self._member.owns(lost))
                ours.release(lost)
            elif gained := ours.gained:
                _log.info("%s: gained partitions %s", group, sorted(gained))
                ours.announced |= gained
                gain = partial(self._owner.gain, self._member.owns(gained))
                await retry_forever(gain, f"{group}: gaining partitions")
                ours.active |= gained
            else:
                return
