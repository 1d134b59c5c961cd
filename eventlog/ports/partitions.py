"""The port of a log that is split into partitions among the members of a consumer group.

Each stream belongs to one partition, and each partition to one member. Ownership only avoids
duplicate work: during a rebalance two members may believe that they own a stream, and the expected
version of their appends prevents double processing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from baton.eventlog.ports.stores import Subscription

OwnsStream: TypeAlias = Callable[[str], bool]
"""A predicate: returns whether the stream of this name belongs to the partitions in question."""


class PartitionOwner(Protocol):
    """A follower that processes the streams of the partitions assigned to it."""

    def already_seen(self, stream: str, version: int) -> bool:
        """Return whether this event is already processed; the log then skips it undecoded."""
        ...

    async def gain(self, owns: OwnsStream) -> None:
        """Take over the streams of newly assigned partitions, before any of their events arrive.

        The log calls it again if it raised an exception.
        """
        ...

    async def lose(self, owns: OwnsStream) -> None:
        """Drop the streams of revoked partitions: another member owns them now."""
        ...


class PartitionedLog(Protocol):
    """Delivers each event to the one member of a group that owns the event's stream."""

    async def join(self, name: str, owner: PartitionOwner) -> Subscription:
        """Join the group `name`.

        The subscription's `next` calls `owner.gain` and `owner.lose` before it returns events of
        the new assignment. A call of `next` acknowledges the events it returned before. It waits
        while the log is unavailable.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionMember:
    """A member of a group, the host that it runs on, and the partitions that it owns."""

    member: str
    host: str
    partitions: tuple[int, ...]


class PartitionOwners(Protocol):
    """Lists the owners of the log's partitions."""

    async def members(self, name: str) -> Sequence[PartitionMember]:
        """Return the members of the group `name` by their ids; raises `Unavailable`."""
        ...
