"""Which partitions a member of a group has, and which of them its owner knows of.

A rebalance takes all partitions from all members and gives most of them back. A member goes on in
those where it was; those that are new to it stay paused until its owner has taken them up.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import cast

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor


@dataclass(slots=True, eq=False)
class Assignment:
    """Partitions by number.

    `given` is what the group gave last. `begun` is what the owner was told it gains, and may have
    taken up in part; `settled` is what it took up whole. `interrupted` may have had another owner
    meanwhile. `next` is the offset that is wanted next of each partition.
    """

    given: AbstractSet[int] = frozenset()
    begun: set[int] = field(default_factory=set)
    settled: set[int] = field(default_factory=set)
    interrupted: set[int] = field(default_factory=set)
    next: dict[int, int] = field(default_factory=dict)
    generation: int = -1

    @property
    def lost(self) -> AbstractSet[int]:
        """What the owner has to let go of."""
        return (self.begun & self.interrupted) | (self.begun - self.given)

    @property
    def gained(self) -> AbstractSet[int]:
        """What the owner has to take up."""
        return self.given - self.settled

    @property
    def kept(self) -> AbstractSet[int]:
        """What the owner has and goes on with."""
        return self.settled - self.lost

    def rebalanced(self, given: Iterable[int], generation: int) -> None:
        """Note what a rebalance gave; who missed the one before may have lost all meanwhile."""
        self.given = frozenset(given)
        missed = generation != self.generation + 1
        self.interrupted |= self.begun if missed else self.begun - self.given
        self.generation = generation

    def left(self) -> None:
        """Note that the next generation is another member's."""
        self.generation = -1

    def release(self, partitions: AbstractSet[int]) -> None:
        """Note that the owner let go."""
        for known in (self.begun, self.settled, self.interrupted):
            known.difference_update(partitions)
        for partition in partitions:
            self.next.pop(partition, None)


class Rebalances(ConsumerRebalanceListener):  # type: ignore[misc] # the library is untyped
    """Notes what a consumer is given, before it fetches anything of that."""

    def __init__(self, consumer: AIOKafkaConsumer, assignment: Assignment) -> None:
        self._consumer = consumer
        self._assignment = assignment

    def on_partitions_revoked(self, revoked: AbstractSet[TopicPartition]) -> None:
        """Wait for what the group gives back: nothing is lost yet."""

    def on_partitions_assigned(self, assigned: AbstractSet[TopicPartition]) -> None:
        """Go on in what is kept, and pause the rest."""
        ours = self._assignment
        # Nothing public tells the generation.
        coordinator = cast("GroupCoordinator", self._consumer._coordinator)  # noqa: SLF001
        ours.rebalanced((place.partition for place in assigned), coordinator.generation)
        kept = {place for place in assigned if place.partition in ours.kept}
        self._consumer.pause(*(assigned - kept))
        for place in kept:
            if place.partition in ours.next:
                self._consumer.seek(place, ours.next[place.partition])


def sticky_assignor() -> type[StickyPartitionAssignor]:
    """Return an assignor for one consumer: the library's own knows one assignment a process."""

    class OwnAssignor(StickyPartitionAssignor):  # type: ignore[misc] # as above
        member_assignment = None

    return OwnAssignor
