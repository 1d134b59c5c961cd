"""Leaf blocks and tree heads in memory."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from eventsourcing.persistence import StoredEvent
from eventsourcing.popo import POPOApplicationRecorder

from baton.eventlog.events.envelope import Stored
from baton.eventlog.notary.derivation import Derivation
from baton.eventlog.ports.audit.leaf_store import (
    LEAVES_PER_BLOCK,
    Derived,
    LeafBlock,
    PlacedLeaf,
    SealedHead,
)


class MemoryLeafStore:
    """Implements `LeafStore`."""

    def __init__(self, recorder: POPOApplicationRecorder) -> None:
        self._recorder = recorder
        self._derivation = Derivation(self)
        self._blocks: list[LeafBlock] = []
        self._heads: dict[int, SealedHead] = {}

    async def events(self, *, after: int, limit: int) -> Sequence[Stored]:
        """Return up to `limit` events with positions greater than `after`, in order."""
        notifications = self._recorder.select_notifications(after, limit, inclusive_of_start=False)
        return [
            Stored(event.id, str(event.originator_id), *_content(event)) for event in notifications
        ]

    async def derive(self, *, after: int, limit: int) -> Derived:
        """Return the leaves of up to `limit` events after `after`."""
        return await self._derivation.derive(after=after, limit=limit)

    async def stream(self, name: str) -> Sequence[Stored]:
        """Return all events of a stream, undecoded, in order."""
        positions = self._recorder._stored_events_index.get(name, {})  # noqa: SLF001 - as in `leaves_of`
        return [
            Stored(1 + positions[event.originator_version], name, *_content(event))
            for event in self._recorder.select_events(name)
        ]

    async def newest(self) -> int:
        """Return the position of the newest event, 0 in an empty store."""
        return self._recorder.max_notification_id() or 0

    async def leaves_of(self, wanted: Sequence[tuple[str, int]]) -> Mapping[str, PlacedLeaf]:
        """Return the leaves of events by their stream."""
        leaves: dict[str, PlacedLeaf] = {}
        for stream, version in wanted:
            versions = self._recorder._stored_events_index.get(stream, {})  # noqa: SLF001 - the API has no positions of a stream's events
            index = versions.get(version)  # positions have no gaps here, and begin at 1
            if index is not None and index < self._size:
                block = self._blocks[index // LEAVES_PER_BLOCK]
                leaves[stream] = PlacedLeaf(index, block.hashes[index % LEAVES_PER_BLOCK])
        return leaves

    async def blocks(self, *, first: int, limit: int) -> Sequence[LeafBlock]:
        """Return up to `limit` blocks with numbers from `first` on, in order."""
        return self._blocks[first : first + limit]

    async def block_at(self, position: int) -> LeafBlock | None:
        """Return the last block that begins at `position` or before."""
        index = bisect_right(self._blocks, position, key=lambda block: block.first_position)
        return self._blocks[index - 1] if index else None

    async def roots(self) -> Sequence[bytes]:
        """Return the root of every block, in order."""
        return [block.root for block in self._blocks]

    async def head(self, size: int | None = None) -> SealedHead | None:
        """Return the head of `size` leaves, or the newest one."""
        return self._heads.get(max(self._heads, default=0) if size is None else size)

    async def heads(self, *, after: int, limit: int) -> Sequence[SealedHead]:
        """Return up to `limit` heads of more than `after` leaves, the smallest first."""
        return [self._heads[size] for size in sorted(self._heads) if size > after][:limit]

    async def seal(
        self, blocks: Sequence[LeafBlock], head: SealedHead, *, instead_of: int | None = None
    ) -> None:
        """Store blocks and a head together."""
        for block in blocks:
            if block.number == len(self._blocks):
                self._blocks.append(block)
            elif len(self._blocks[block.number].leaves) < len(block.leaves):
                self._blocks[block.number] = block
        self._heads.setdefault(head.size, head)
        if instead_of is not None:
            self._heads.pop(instead_of, None)

    @property
    def _size(self) -> int:
        return sum(len(block.leaves) for block in self._blocks) // 32


def _content(event: StoredEvent) -> tuple[int, str, bytes]:
    return event.originator_version, event.topic, event.state
