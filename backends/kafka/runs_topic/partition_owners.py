"""The members of a consumer group and their partitions, as the group's coordinator reports them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import for_code

from baton.backends.kafka.client_lifecycle import close_client, start_client
from baton.backends.kafka.connection import Connection, as_unavailable
from baton.eventlog.ports.partitions import PartitionMember


class KafkaPartitionOwners:
    """Implements `PartitionOwners` for one topic.

    Args:
        connection: The cluster.
        topic: The topic whose partitions are assigned to members.
        prefix: The prefix of the names of consumer groups.
    """

    def __init__(self, connection: Connection, *, topic: str, prefix: str) -> None:
        self._connection = connection
        self._topic = topic
        self._prefix = prefix

    async def members(self, name: str) -> Sequence[PartitionMember]:
        """Return the members of the group `name` by their ids; raises `Unavailable`."""
        admin = self._connection.admin()
        with as_unavailable():
            await start_client(admin)
            try:
                responses = await admin.describe_consumer_groups([f"{self._prefix}{name}"])
                groups = [group for response in responses for group in _groups(response)]
                return sorted(
                    (self._member(*member) for group in groups for member in group[5]),
                    key=lambda member: member.member,
                )
            finally:
                await asyncio.shield(close_client(admin))

    def _member(self, member: str, *more: Any) -> PartitionMember:
        """Return a member from the coordinator's answer, whose last field is its assignment."""
        host, raw = more[-3], more[-1]
        partitions: list[int] = []
        if raw:
            assigned = ConsumerProtocolMemberAssignment.decode(raw).partitions()
            partitions = sorted(
                topic_partition.partition
                for topic_partition in assigned
                if topic_partition.topic == self._topic
            )
        return PartitionMember(
            member=member, host=host.removeprefix("/"), partitions=tuple(partitions)
        )


def _groups(response: Any) -> Sequence[Any]:
    """Return the groups of an answer, each with its error code first; raises the error."""
    for group in response.groups:
        if group[0]:
            raise for_code(group[0])
    groups: Sequence[Any] = response.groups
    return groups
