"""The end of the shared log that is read: each member of a group owns the runs of its partitions.

Own echoes are the bulk of what comes in: a message is decoded only when its owner doesn't know the
event.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from baton.backends.kafka.connection import Connection, retry
from baton.backends.kafka.consuming.consumer_group import GroupMember
from baton.backends.kafka.consuming.offsets import RawRecord
from baton.backends.kafka.runs_topic.run_event_reader import RunEventReader
from baton.backends.kafka.topic_admin import TopicAdmin
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.partitions import PartitionOwner
from baton.eventlog.ports.stores import Subscription

_log = logging.getLogger("baton.kafka")


class KafkaPartitionedLog:
    """Implements `PartitionedLog` for one topic; a group is `prefix` and its name."""

    def __init__(
        self,
        connection: Connection,
        topic_admin: TopicAdmin,
        reader: RunEventReader,
        *,
        topic: str,
        prefix: str,
    ) -> None:
        self.reader = reader
        self._connection = connection
        self._topic_admin = topic_admin
        self._topic = topic
        self._prefix = prefix
        self._shares: set[PartitionSubscription] = set()

    async def join(self, name: str, owner: PartitionOwner) -> Subscription:
        """Become one of the followers called `name`, by the first `next`."""
        group = f"{self._prefix}{name}"
        member = GroupMember(self._connection, self._topic_admin, self._topic, group)
        share = PartitionSubscription(member, self.reader, owner)
        self._shares.add(share)
        return share

    async def close(self) -> None:
        """Leave every group."""
        await asyncio.gather(*(share.close() for share in self._shares))
        self._shares.clear()


class PartitionSubscription:
    """One owner's part of the log."""

    def __init__(self, member: GroupMember, reader: RunEventReader, owner: PartitionOwner) -> None:
        self._member = member
        self._reader = reader
        self._owner = owner
        self._fetched: Sequence[RawRecord] = ()

    async def next(self) -> Sequence[Recorded]:
        """Wait for and return events that the owner doesn't know; tell it what it owns first."""
        while True:
            if not self._fetched:
                self._member.handled()
            await retry(self._member.join, f"joining {self._member.group}")
            await self._settle()
            if not self._fetched:
                self._fetched = await self._member.fetch()
            found = await self._reader.read(self._fetched, self._owner.already_seen)
            self._fetched = ()
            if found:
                return found

    async def close(self) -> None:
        """Leave the group."""
        await self._member.leave()

    async def _settle(self) -> None:
        """Have the owner let go of what was lost, then take up what was gained."""
        ours, group = self._member.assignment, self._member.group
        while True:
            if lost := ours.lost:
                _log.info("%s: lost partitions %s", group, sorted(lost))
                self._fetched = [one for one in self._fetched if one.partition not in lost]
                await self._owner.lose(self._member.owns(lost))
                ours.release(lost)
            elif gained := ours.gained:
                _log.info("%s: gained partitions %s", group, sorted(gained))
                ours.begun |= gained
                take_up = partial(self._owner.gain, self._member.owns(gained))
                await retry(take_up, f"{group}: taking up partitions")
                ours.settled |= gained
            else:
                return
