"""One member of a consumer group; it rejoins by itself after a failure."""

import asyncio
import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from baton.backends.kafka.client_lifecycle import start_client
from baton.backends.kafka.connection import CLIENT_ERRORS, Connection
from baton.backends.kafka.consuming.assignment import (
    Assignment,
    RebalanceListener,
    sticky_assignor,
)
from baton.backends.kafka.consuming.member_commits import MemberCommits
from baton.backends.kafka.consuming.records import RawRecord
from baton.backends.kafka.consuming.restarting_consumer import RestartingConsumer
from baton.backends.kafka.names import partition_of
from baton.backends.kafka.topic_admin import TopicAdmin
from baton.eventlog.ports.partitions import OwnsStream

POLL_MS: Final = 250
"""The time that a poll waits for records; the owner gets new partitions between polls."""
COMMIT_INTERVAL_S: Final = 1.0
"""The time between commits: after a crash, this time's records may be delivered again."""
COMMIT_TIMEOUT_S: Final = 5.0
LAST_COMMIT_TIMEOUT_S: Final = 1.0
"""The timeout of the commit before the member leaves."""
RESTART_DELAY_S: Final = 0.1
"""The pause after a failure, before the next client starts."""

_log = logging.getLogger("baton.kafka")


class GroupMember:
    """Polls the active partitions of `assignment` and commits their offsets."""

    def __init__(
        self, connection: Connection, topic_admin: TopicAdmin, topic: str, group: str
    ) -> None:
        self.topic = topic
        self.group = group
        self.assignment = Assignment()
        self._connection = connection
        self._consumer = RestartingConsumer(
            topic_admin, topic, connect=self._connect, poll_ms=POLL_MS
        )
        self._commits = MemberCommits()
        self._committing: asyncio.Task[None] | None = None
        self._committed: dict[int, int] = {}
        self._acknowledged: dict[int, int] = {}
        self._next_commit_at = 0.0

    async def join(self) -> None:
        """Start a client if there is none; raises `Unavailable`.

        A new client gets its partitions during a later `fetch`. After `leave` no client is started.
        """
        if not self._consumer.closed:
            await self._consumer.start()

    async def _connect(self) -> AIOKafkaConsumer:
        """Start a client as a new member, whose partitions other members may own by now."""
        self.assignment.on_leave()
        self._committed.clear()
        client = self._connection.consumer(group=self.group, assignor=sticky_assignor())
        await start_client(client)
        listener = RebalanceListener(client, self.assignment, self._commits)
        client.subscribe([self.topic], listener=listener)
        return client

    def owns(self, partitions: AbstractSet[int]) -> OwnsStream:
        """Return a predicate: whether a stream belongs to one of `partitions`."""
        count = len(self._consumer.client.partitions_for_topic(self.topic) or ())
        numbers = frozenset(partitions)
        return lambda stream: partition_of(stream.encode(), count) in numbers

    async def fetch(self) -> Sequence[RawRecord]:
        """Return the next records of active partitions; none after `POLL_MS` or a failure.

        Raises:
            Unavailable: The member has left.
        """
        active = self.assignment.active
        try:
            async with self._consumer.use() as client:
                client.resume(*(paused for paused in client.paused() if paused.partition in active))
                fetched = await self._consumer.poll(client)
        except CLIENT_ERRORS as error:
            reason = str(error) or type(error).__name__
            _log.warning("consuming %s failed, restarting the consumer: %s", self.topic, reason)
            await asyncio.sleep(RESTART_DELAY_S)
            return ()
        self.assignment.next_offsets.update(
            {partition.partition: records[-1].offset + 1 for partition, records in fetched.items()}
        )
        return [record for records in fetched.values() for record in records]

    def acknowledge(self) -> None:
        """Mark all fetched records as processed; commits them once per `COMMIT_INTERVAL_S`."""
        self._acknowledged = dict(self.assignment.next_offsets)
        now = asyncio.get_running_loop().time()
        if now < self._next_commit_at or not self._consumer.started or self._committing is not None:
            return
        if self._uncommitted():
            self._next_commit_at = now + COMMIT_INTERVAL_S
            commit = self._commit(self._consumer.client, COMMIT_TIMEOUT_S)
            self._committing = asyncio.ensure_future(commit)
            self._committing.add_done_callback(self._on_commit_done)

    async def leave(self) -> None:
        """Commit the acknowledged records and leave the group for good."""
        await self._consumer.close(self._commit_last)

    async def _commit_last(self, client: AIOKafkaConsumer) -> None:
        if self._committing is not None:
            await asyncio.wait((self._committing,), timeout=LAST_COMMIT_TIMEOUT_S)
        await self._commit(client, LAST_COMMIT_TIMEOUT_S)

    def _uncommitted(self) -> dict[int, int]:
        """Return the acknowledged offsets of kept partitions that aren't committed yet."""
        kept = self.assignment.kept
        return {
            partition: offset
            for partition, offset in self._acknowledged.items()
            if partition in kept and self._committed.get(partition) != offset
        }

    async def _commit(self, client: AIOKafkaConsumer, timeout_s: float) -> None:
        """Commit once; a failure, as during a rebalance, leaves the offsets to a later commit."""
        uncommitted = self._uncommitted()
        if not uncommitted:
            return
        offsets = {
            TopicPartition(self.topic, number): offset for number, offset in uncommitted.items()
        }
        try:
            async with asyncio.timeout(timeout_s):
                await self._commits.commit(client, offsets)
        except CLIENT_ERRORS as error:
            _log.info("%s: committing offsets failed: %r", self.group, error)
        else:
            self._committed.update(uncommitted)

    def _on_commit_done(self, _task: asyncio.Task[None]) -> None:
        self._committing = None
