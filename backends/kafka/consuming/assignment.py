"""The partitions of a group member, and which of them its owner has taken over.

A rebalance revokes all partitions of all members and assigns most of them again. A partition that
the member keeps continues at its next offset; a new partition stays paused until the owner has
taken it over.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from baton.backends.kafka.consuming.member_commits import (
    NO_GENERATION,
    MemberCommits,
    generation_of,
)


@dataclass(slots=True, eq=False)
class Assignment:
    """Partition numbers of one member.

    Attributes:
        assigned: The group's latest assignment.
        announced: Partitions that were passed to the owner's `gain`, so that it may have taken them
            over in part.
        active: Partitions that the owner has taken over.
        interrupted: Partitions that another member may have owned in the meantime.
        next_offsets: The offset of the next record to read from each partition.
        generation: The group's generation of `assigned`.
    """

    assigned: AbstractSet[int] = frozenset()
    announced: set[int] = field(default_factory=set)
    active: set[int] = field(default_factory=set)
    interrupted: set[int] = field(default_factory=set)
    next_offsets: dict[int, int] = field(default_factory=dict)
    generation: int = NO_GENERATION

    @property
    def lost(self) -> AbstractSet[int]:
        """Partitions that the owner must release."""
        return (self.announced & self.interrupted) | (self.announced - self.assigned)

    @property
    def gained(self) -> AbstractSet[int]:
        """Partitions that the owner must take over."""
        return self.assigned - self.active

    @property
    def kept(self) -> AbstractSet[int]:
        """Partitions that the owner continues with."""
        return self.active - self.lost

    def on_rebalance(self, assigned: Iterable[int], generation: int) -> None:
        """Store a new assignment; a member that missed a generation may have lost everything."""
        self.assigned = frozenset(assigned)
        missed = generation != self.generation + 1
        self.interrupted |= self.announced if missed else self.announced - self.assigned
        self.generation = generation

    def on_leave(self) -> None:
        """Forget the generation: the next assignment belongs to a new member."""
        self.generation = NO_GENERATION

    def release(self, partitions: AbstractSet[int]) -> None:
        """Record that the owner has released `partitions`."""
        for known in (self.announced, self.active, self.interrupted):
            known.difference_update(partitions)
        for partition in partitions:
            self.next_offsets.pop(partition, None)


class RebalanceListener(ConsumerRebalanceListener):  # type: ignore[misc] # the library is untyped
    """Stores each assignment; aiokafka calls it on the event loop, before it fetches."""

    def __init__(
        self, client: AIOKafkaConsumer, assignment: Assignment, commits: MemberCommits
    ) -> None:
        self._client = client
        self._assignment = assignment
        self._commits = commits

    def on_partitions_revoked(self, revoked: AbstractSet[TopicPartition]) -> None:  # noqa: ARG002
        """Cancel the pending commit; most partitions come back with the next assignment."""
        self._commits.on_revoked()

    def on_partitions_assigned(self, assigned: AbstractSet[TopicPartition]) -> None:
        """Seek kept partitions to their next offsets, and pause the others."""
        ours = self._assignment
        numbers = (partition.partition for partition in assigned)
        ours.on_rebalance(numbers, generation_of(self._client))
        kept = {partition for partition in assigned if partition.partition in ours.kept}
        self._client.pause(*(assigned - kept))
        for partition in kept:
            if partition.partition in ours.next_offsets:
                self._client.seek(partition, ours.next_offsets[partition.partition])


def sticky_assignor() -> type[StickyPartitionAssignor]:
    """Return a sticky assignor class for one consumer.

    aiokafka's own class stores the previous assignment as a class attribute, one per process.
    """

    class ConsumersAssignor(StickyPartitionAssignor):  # type: ignore[misc] # as above
        member_assignment = None

    return ConsumersAssignor
