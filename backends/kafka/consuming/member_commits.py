"""Commits of offsets that only a member of the group may make.

aiokafka (0.14) repeats a commit whose connection broke. If the client has lost its membership
meanwhile, aiokafka repeats the commit without a member id, which Kafka accepts while the group has
no members. After the cluster lost its data, such a commit would make the group skip the first
records of the new topic.
"""

import asyncio
from collections.abc import Mapping
from typing import cast

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import CommitFailedError
from aiokafka.structs import TopicPartition

NO_GENERATION = -1
"""The generation of a client that is no member."""


class MemberCommits:
    """Commits the offsets of one client, and cancels a commit when its partitions are revoked."""

    def __init__(self) -> None:
        self._pending: asyncio.Task[None] | None = None

    async def commit(self, client: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit `offsets`; raises CommitFailedError unless the client is a member throughout."""
        if generation_of(client) == NO_GENERATION:
            raise CommitFailedError
        commit = self._pending = asyncio.ensure_future(client.commit(offsets))
        try:
            await asyncio.wait((commit,))
        finally:
            commit.cancel()
            if self._pending is commit:
                self._pending = None
        if commit.cancelled():
            raise CommitFailedError
        commit.result()

    def on_revoked(self) -> None:
        """Cancel the pending commit: the client rejoins the group, or has lost its membership."""
        if self._pending is not None:
            self._pending.cancel()


def generation_of(client: AIOKafkaConsumer) -> int:
    """Return the generation of the group that `client` is a member of.

    aiokafka has no public access to it.
    """
    coordinator = cast("GroupCoordinator", client._coordinator)  # noqa: SLF001
    return cast(int, coordinator.generation)
